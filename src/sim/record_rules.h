// SPDX-License-Identifier: Apache-2.0
//
// RecordRules: what may be written at the coordinator, by whom and when.
//
// Intuition: the auditor of the notary's book. For each new page he asks: may
// this follow from the page before, and had the writer the right to it?
//
// R1, R3, R5, R6, R23, R24, R25. Not thread-safe; owned by Checker.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coordination/job_records.h"
#include "coordination/store.h"
#include "core/vocabulary.h"
#include "sim/verdict.h"
#include "taskgraph/job.h"

namespace taskgraph::sim {

using core::NodeId;

class RecordRules {
 public:
  RecordRules(const Job& job, Verdict& verdict);

  void ProcessBegan(const NodeId& id) { alive_.insert(id); }
  void ProcessEnded(const NodeId& id) { alive_.erase(id); }
  // A turn of `task` at `term` threw, and its node knows.
  void Threw(TaskId task, Term term) { threw_.insert({task, term}); }
  void Recorded(const coordination::RevisionChanges& changes,
                const NodeId& writer);

  // A transaction is about to be decided.
  void Asked(const coordination::Txn& txn, const NodeId& writer);

  // A controller that knows of no session of `node` proposes to give up the
  // replica there, having been with the coordinator for `since_back`.
  void GivesUp(TaskId task, const NodeId& node, Duration since_back);
  // A controller ends the session of a node that it takes for dead.
  void EndsSession(const NodeId& node);

  bool IsAlive(const NodeId& node) const { return alive_.contains(node); }
  const core::Assignment& of(TaskId task) const { return records_[task]; }
  // As recorded when `term` began; null: no such record.
  const core::Assignment* At(TaskId task, Term term) const;
  Epoch epoch() const { return epoch_; }
  const std::optional<core::JobEnd>& end() const { return end_; }
  // Keys of the job that exist.
  const std::set<std::string>& keys() const { return keys_; }
  std::uint64_t losses() const { return losses_; }
  std::uint64_t promotions() const { return promotions_; }
  std::uint64_t joins() const { return joins_; }  // That came to count.

 private:
  void OnAssignment(TaskId task, const core::Assignment& next,
                    const NodeId& writer);
  void CheckPromotion(TaskId task, const core::Assignment& before,
                      const core::Assignment& next);
  void CheckInSync(TaskId task, const core::Assignment& before,
                   const core::Assignment& next, const NodeId& writer);
  void CheckLoss(TaskId task, const core::Assignment& before,
                 const core::Assignment& next, const NodeId& writer);
  void OnEpoch(const core::EpochAdvanced& next);
  void OnStatus(const std::string& text);
  bool IsGuarded(const coordination::Txn& txn, const coordination::Put& put,
                 const NodeId& writer) const;
  void CheckTermKeys(const coordination::RevisionChanges& changes);

  const Job& job_;
  Verdict& verdict_;
  coordination::JobKeys keys_of_;
  std::set<NodeId> alive_;
  std::set<NodeId> registered_;
  std::vector<core::Assignment> records_;
  std::map<std::pair<TaskId, Term>, core::Assignment> history_;
  std::set<std::pair<TaskId, Term>> threw_;
  Generation generation_ = 0;
  Epoch epoch_ = 0;
  std::optional<core::JobEnd> end_;
  std::string status_;
  std::set<std::string> keys_;
  std::uint64_t losses_ = 0;
  std::uint64_t promotions_ = 0;
  std::uint64_t joins_ = 0;
};

}  // namespace taskgraph::sim
