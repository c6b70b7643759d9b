// SPDX-License-Identifier: Apache-2.0
//
// Trainer: one task of the tree that trains a model together.
//
// Intuition: in epoch e everyone has model e. Gradients are summed up the tree,
// the root makes model e+1 of the sum, and the model goes down again. Only when
// every task has it does the epoch advance: so a task that lost its memory
// finds the model at its neighbors, or they find it at theirs, as long as one
// task of all remembers.
//
// All wait for the root in each epoch, so it has a backup, which takes every
// note that the root takes (memory.h) and goes on from there when the root's
// node dies. The other tasks are the same class; they begin anew.
//
// What failures need beyond that, the framework does: a request to a task that
// restarts is asked again there, and what it was told is told again (R10, R12).
#pragma once

#include <optional>
#include <string>

#include "digits/memory.h"
#include "digits/model.h"
#include "taskgraph/taskgraph.h"

namespace digits {

using taskgraph::Empty;
using taskgraph::Method;
using taskgraph::Token;
using taskgraph::Turn;

// The model of that many steps. Answered when it is there; with an empty array
// when neither this task, nor any behind it as the asker sees it, can have it.
inline constexpr Method<Epoch, Array<double>> kGetModel{"GetModel"};

// The sum of the gradients of this task and those below it.
inline constexpr Method<Empty, Array<double>> kGetGradient{"GetGradient"};

class Trainer : public taskgraph::Task, public taskgraph::Backupable {
 public:
  // Reads the images. Throws std::runtime_error.
  explicit Trainer(const taskgraph::Config& config);

  void Init(Turn& turn) override;
  void EnterEpoch(Turn& turn) override;
  void MetaReady(Turn& turn, TaskId from, const taskgraph::LinkType& link,
                 const std::string& meta) override;

  void Update(const taskgraph::Payload& log) override;
  taskgraph::Payload Snapshot() override;
  void Restore(const taskgraph::Payload& snapshot) override;

 private:
  // The memory as it will be when the turn has returned, and what makes it so.
  struct Draft {
    void Write(Note note);

    Memory memory;
    Notes notes;
  };

  void GiveModel(Turn& turn, Token<Array<double>> token, const Epoch& step);
  void GiveGradient(Turn& turn, Token<Array<double>> token, const Empty&);
  void ModelArrived(Turn& turn, TaskId from, const Array<double>& model);
  void GradientArrived(Turn& turn, TaskId from, const Array<double>& gradient);

  // Every event is noted and then followed by what has become possible.
  void Proceed(Turn& turn, Note event);
  void Sum(const Turn& turn, Draft& draft) const;
  void EndEpoch(Turn& turn, const Memory& memory) const;
  void Conclude(Turn& turn, const Array<double>& model) const;

  // From the configuration, so the same on each replica.
  const Epoch epochs_;        // 0: what was given is no such number.
  const std::string result_;  // A file; empty: none.
  const Rows rows_;

  Memory memory_;  // Changed by Update and Restore alone.
};

// The links and the configuration that a Trainer expects, with one backup for
// the root.
taskgraph::Job TrainingJob();

}  // namespace digits
