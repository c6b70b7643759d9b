// SPDX-License-Identifier: Apache-2.0
//
// NeighborRules: what tasks are told of their neighbors' failures, and that
// nothing of a new incarnation is heard before (R22); and that who knows a
// higher term for a sender hears nothing of the lower one (R2).
//
// Not thread-safe; owned by Checker.
#pragma once

#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "core/node_core.h"
#include "sim/verdict.h"

namespace taskgraph::sim {

class NeighborRules {
 public:
  explicit NeighborRules(Verdict& verdict) : verdict_(verdict) {}

  void Arrives(const core::NodeCore& at, const core::Message& message);
  // `node` has a replica of a task that may speak.
  void Lives(const core::NodeId& node, TaskId task, Incarnation incarnation) {
    lives_[node].insert({task, incarnation});
  }
  // A turn begins: what it hears came in time.
  void Begins(const core::NodeCore& at, const core::RunTurn& order);
  // It counts: the task was told of its neighbors.
  void Counts(const core::RunTurn& order);
  void ProcessEnded(const core::NodeId& node);

 private:
  using Life = std::pair<TaskId, Incarnation>;
  struct Known {
    Incarnation incarnation = 0;
    bool lost = false;
  };
  // What a message says, as far as a turn's cause shows it: sender,
  // incarnation, epoch, number, and whether it is a meta, request or answer.
  using Letter =
      std::tuple<TaskId, Incarnation, Epoch, std::uint64_t, std::size_t>;

  void Told(const core::RunTurn& order, Known& known,
            const core::NeighborLost& lost);
  void Told(const core::RunTurn& order, Known& known,
            const core::NeighborBack& back);
  void Hears(const core::NodeCore& at, const core::RunTurn& order,
             const Letter& letter);
  void CheckIncarnation(const core::RunTurn& order, TaskId from,
                        Incarnation incarnation);

  Verdict& verdict_;
  // By life and neighbor, since the first word of it.
  std::map<std::pair<Life, TaskId>, Known> known_;
  // Letters that came to a node and task when no higher term was known.
  std::map<core::NodeId, std::set<std::pair<TaskId, Letter>>> fresh_;
  std::map<core::NodeId, std::set<Life>> lives_;
};

}  // namespace taskgraph::sim
