// SPDX-License-Identifier: Apache-2.0
//
// TurnHistory: which turns of tasks with backups took effect, in which order.
//
// Intuition: a court reporter. What is written down in a house counts when it
// says that it stands; and what stands in one house must stand, the same, in
// every later one (R4, R15, R17).
//
// Not thread-safe; owned by Checker.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/node_core.h"
#include "sim/verdict.h"

namespace taskgraph::sim {

class TurnHistory {
 public:
  struct Turn {
    core::RunTurn order;
    std::vector<core::Effect> effects;
    bool counted = false;  // As it began, when the task kept no log.
  };
  // Told of each turn once, when it has taken effect.
  using Sink = std::function<void(const Turn&)>;

  TurnHistory(Verdict& verdict, Sink sink)
      : verdict_(verdict), sink_(std::move(sink)) {}

  // Before a node hears that it is the primary of a task of which it has a
  // copy; `current`: it has not been replaced since.
  void Promoted(const core::NodeCore& at,
                const core::AssignmentChanged& changed, bool current);
  // The primary of a task that keeps a log has taken a turn's effects in; its
  // log ended at `end_before`. Says whether the turn has a record.
  bool Ended(const core::NodeCore& at, core::RecordNumber end_before,
             Turn turn);
  // After a node has heard of any fact.
  void After(const core::NodeCore& at);

  // How many records of a life took effect.
  core::RecordNumber Committed(TaskId task, Incarnation incarnation) const {
    const auto life = lives_.find({task, incarnation});
    return life == lives_.end() ? 0 : life->second.committed.size();
  }

 private:
  struct Life {  // One incarnation of a task.
    // Of each record, as the primary of a term has it: who wrote it.
    std::map<std::pair<core::RecordNumber, Term>, Term> written;
    std::map<std::pair<core::RecordNumber, Term>, Turn> turns;  // By writer.
    std::vector<Term> committed;  // By number, less one: who wrote it.
  };

  void Commit(TaskId task, Life& life, core::RecordNumber number,
              Term primary_term);
  void CheckSame(TaskId task, const Life& life, core::RecordNumber number,
                 Term writer);

  Verdict& verdict_;
  Sink sink_;
  std::map<std::pair<TaskId, Incarnation>, Life> lives_;
  // What each primary was seen to take for standing.
  std::map<std::pair<core::NodeId, core::ReplicaId>, core::RecordNumber> seen_;
};

}  // namespace taskgraph::sim
