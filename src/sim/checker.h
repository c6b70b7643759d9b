// SPDX-License-Identifier: Apache-2.0
//
// Checker: watches everything that happens in a world, and says which rule it
// breaks.
//
// Intuition: a referee who sees all rooms at once, and whose memory is better
// than the players'. He knows what is true (who lives, what was really
// flagged), and compares it with what each player does on what he has been
// told. The first violation ends the game.
//
// Composed of the rules about records (RecordRules), about what passes between
// tasks (Ledger), and about what tasks are told of neighbors (NeighborRules).
// Not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "core/controller_core.h"
#include "core/node_core.h"
#include "sim/ledger.h"
#include "sim/neighbor_rules.h"
#include "sim/record_rules.h"
#include "sim/turn_history.h"
#include "sim/verdict.h"

namespace taskgraph::sim {

class Checker {
 public:
  Checker(const Job& job, const Agenda& agenda);

  const std::optional<Violation>& violation() const {
    return verdict_.violation();
  }
  void Violate(std::string rule, std::string what) {
    verdict_.Violate(std::move(rule), std::move(what));
  }
  std::uint64_t checks() const { return checks_; }

  // --- What happens ---
  void ProcessBegan(const NodeId& id) { records_.ProcessBegan(id); }
  void ProcessEnded(const NodeId& id);
  void Recorded(const coordination::RevisionChanges& changes,
                const NodeId& writer) {
    ++checks_;
    records_.Recorded(changes, writer);
  }
  void Asked(const coordination::Txn& txn, const NodeId& writer) {
    records_.Asked(txn, writer);
  }
  void TurnBegins(const core::NodeCore& at, const core::RunTurn& order);
  // Before and after a node's core hears of a fact, and what it ordered.
  void Hears(const core::NodeCore& at, const core::Input& fact);
  void Ordered(const core::NodeCore& by, const core::Outputs& orders);
  void ControllerOrders(const core::ControllerCore& by,
                        const core::Output& order, Time back_since);

  // When all is over: what was owed at the end (R24).
  void AtTheEnd();

  const RecordRules& records() const { return records_; }

 private:
  using ReplicaKey = std::pair<NodeId, core::ReplicaId>;

  void MessageArrives(const core::NodeCore& at,
                      const core::MessageArrived& arrived);
  void TurnEnds(const core::NodeCore& at, const core::TurnFinished& finished);
  void EndIsKnown(const core::NodeCore& at);
  void Settle(const core::NodeCore& at);
  // The turn took effect, or will when it ends.
  void Counts(const core::RunTurn& order);
  void CheckPrimary(const core::NodeCore& at, const core::RunTurn& order);
  void CheckExit(const core::NodeCore& at, const core::RunTurn& order);
  void CheckBackups(const core::NodeCore& at);
  void CheckFresh(const core::NodeCore& by, const core::Route& route,
                  const RequestId& id);
  void CheckEpoch(const core::RunTurn& order);

  Verdict verdict_;
  const Agenda& agenda_;
  RecordRules records_;
  Ledger ledger_;
  NeighborRules neighbors_;
  TurnHistory history_;
  std::uint64_t checks_ = 0;

  std::map<ReplicaKey, TurnHistory::Turn> open_;         // Turns that run.
  std::map<std::pair<TaskId, Term>, ReplicaKey> owner_;  // R2
  // R16: the highest term in which a primary has begun its work; and requests
  // that a primary of an earlier one, which has backups, began to serve after.
  std::map<TaskId, Term> at_work_;
  std::set<std::pair<ReplicaKey, RequestId>> stale_;
  struct Epochs {
    Epoch began = 0;
    std::optional<Epoch> last;
  };
  std::map<std::pair<TaskId, Incarnation>, Epochs> epochs_;  // R7
  // Of the fact that a node hears at present.
  std::optional<TaskId> failed_;
  struct Ended {
    TurnHistory::Turn turn;
    core::RecordNumber log_end = 0;
  };
  std::optional<Ended> ended_;
  std::map<ReplicaKey, int> exits_owed_;  // R24
  std::set<ReplicaKey> exited_;
};

}  // namespace taskgraph::sim
