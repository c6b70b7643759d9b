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
// What failures need beyond that, the framework does: a request to a task that
// restarts is asked again there, and what it was told is told again (R10, R12).
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "digits/model.h"
#include "taskgraph/taskgraph.h"

namespace digits {

using taskgraph::Array;
using taskgraph::Empty;
using taskgraph::Epoch;
using taskgraph::Method;
using taskgraph::TaskId;
using taskgraph::Token;
using taskgraph::Turn;

// The model of that many steps. Answered when it is there; with an empty array
// when neither this task, nor any behind it as the asker sees it, can have it.
inline constexpr Method<Epoch, Array<double>> kGetModel{"GetModel"};

// The sum of the gradients of this task and those below it.
inline constexpr Method<Empty, Array<double>> kGetGradient{"GetGradient"};

class Trainer : public taskgraph::Task {
 public:
  Trainer();

  void Init(Turn& turn) override;
  void EnterEpoch(Turn& turn) override;
  void MetaReady(Turn& turn, TaskId from, const taskgraph::LinkType& link,
                 const std::string& meta) override;

 private:
  struct Waiting {
    Token<Array<double>> token;
    Epoch step;
  };

  void GiveModel(Turn& turn, Token<Array<double>> token, const Epoch& step);
  void GiveGradient(Turn& turn, Token<Array<double>> token, const Empty&);
  void ModelArrived(Turn& turn, TaskId from, const Array<double>& model);
  void GradientArrived(Turn& turn, TaskId from, const Array<double>& gradient);

  // Every event notes a fact and then proceeds with what has become possible.
  void Proceed(Turn& turn);
  void Sum(const Array<double>& model);
  void AnswerWaiting(Turn& turn);
  bool NobodyBut(TaskId asker) const;
  void EndEpoch(Turn& turn);
  void Conclude(Turn& turn);

  bool is_root_ = false;
  Epoch epochs_ = 0;
  Rows part_;
  std::map<Epoch, Array<double>> models_;  // By steps: this epoch's, the next.

  // Of this epoch:
  taskgraph::TaskList children_;
  std::set<TaskId> neighbors_;
  std::set<TaskId> clueless_;   // Neighbors that can't have the model.
  std::set<TaskId> confirmed_;  // Children whose subtrees have the next model.
  std::map<TaskId, Array<double>> gradients_;  // The children's.
  Array<double> sum_;                          // Empty until it is complete.
  bool ended_ = false;  // This task said that the epoch may end.
  std::vector<Waiting> want_model_;
  std::vector<Token<Array<double>>> want_gradient_;
};

// The links and the configuration that a Trainer expects.
taskgraph::Job TrainingJob();

}  // namespace digits
