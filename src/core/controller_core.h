// SPDX-License-Identifier: Apache-2.0
//
// ControllerCore: who gives tasks to nodes, and ends the job.
//
// Intuition: a foreman with a plan on the wall. Most of the time he only keeps
// the plan up to date; when a task has no one he finds it a place, and when he
// has been away himself he waits for one roll call before he believes that
// anybody is missing (R25). His orders are proposals: each says what it
// assumes, and what turns out otherwise is planned anew (R1).
//
// Standbys learn everything and order nothing; so the next one elected can
// begin at once. Pure: Step(input, now) and NextDeadline() are all there is.
// Not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/directory.h"
#include "core/placement.h"
#include "core/roster.h"
#include "core/vocabulary.h"
#include "taskgraph/options.h"

namespace taskgraph::core {

struct ControllerOptions {
  JobOptions options;
  // Nodes that must be there before the first task is placed, so that the first
  // ones to come don't get everything.
  std::uint32_t nodes_expected = 1;
};

class ControllerCore {
 public:
  ControllerCore(NodeId self, TaskId tasks, ControllerOptions options);
  ControllerCore(const ControllerCore&) = delete;
  ControllerCore& operator=(const ControllerCore&) = delete;

  // Applies `input`, observed at `now`, and returns the orders it causes.
  // Deterministic: equal inputs at equal times give equal outputs.
  Outputs Step(Input input, Time now);

  // When Step(DeadlinePassed{}) is due; kNever: not at all.
  Time NextDeadline() const;

  // --- To look at, for logs, progress and checks ---
  const NodeId& self() const { return self_; }
  bool elected() const { return elected_; }
  const std::map<NodeId, NodeRecord>& nodes() const { return roster_.nodes(); }
  const Directory& directory() const { return directory_; }
  Generation generation() const { return generation_; }
  Epoch epoch() const { return epoch_; }
  const std::optional<JobEnd>& end() const { return end_; }
  // Tasks that are on no registered node.
  std::size_t unplaced() const { return directory_.tasks() - roster_.placed(); }

 private:
  void On(AssignmentChanged& changed, Time now);
  void On(EpochAdvanced& advanced, Time now);
  void On(NodeJoined& joined, Time now);
  void On(NodeLeft& left, Time now);
  void On(JobEnded& ended, Time now);
  void On(CoordinatorWentAway& away, Time now);
  void On(CoordinatorCameBack& back, Time now);
  void On(AssignmentsDecided& decided, Time now);
  void On(MessageArrived& arrived, Time now);
  void On(PeerLost& lost, Time now);
  void On(PeerProbed& probed, Time now);
  void On(ProcessExited& exited, Time now);
  void On(ElectionWon& won, Time now);
  void On(ElectionLost& lost, Time now);
  void On(StopRequested& stop, Time now);
  template <typename NotForControllers>
  void On(NotForControllers&, Time) {}

  // Losses.
  void BeginGrace(Time now);
  void EndGrace();
  void Suspect(const NodeId& node);
  void Bury(const NodeId& node, std::string reason);
  void Miss(const NodeId& node, Time now);
  void AttendToMissed(Time now);
  void Dismiss(const NodeId& node);
  bool IsAbsent(const NodeId& node) const;
  bool IsLost(const NodeId& node) const;
  bool AllAreLost(const Assignment& record) const;
  bool WasSilent(const NodeId& node, Time now) const;
  void Review(TaskId task);

  // Orders, given only while elected.
  void ActOnSuspicions();
  void ActOnEnd(Time now);
  void Plan();
  Placement CountSlots() const;
  AssignmentChange Replace(TaskId task, Placement& slots) const;
  std::optional<AssignmentChange> Place(TaskId task, Placement& slots) const;
  void PlaceBackups(AssignmentChange& change, Placement& slots) const;
  bool IsShort(TaskId task) const;
  std::optional<AssignmentChange> FillUp(TaskId task, Placement& slots) const;
  const NodeId* LiveBackup(const Assignment& record) const;
  void Propose(std::vector<AssignmentChange> changes);

  NodeId self_;
  ControllerOptions options_;
  Directory directory_;
  Roster roster_;
  Outputs outputs_;

  bool elected_ = false;
  bool coordinator_there_ = false;
  std::optional<Time> grace_until_;  // R25
  Generation generation_ = 0;
  Epoch epoch_ = 0;

  // Tasks to plan for: the record names no one, or a node that is lost. Kept up
  // to date by Review, so that no event costs a look at every task.
  std::set<TaskId> vacant_;
  std::set<TaskId> lost_;
  std::set<TaskId> short_;                // Of backups (R20).
  std::map<TaskId, Assignment> pending_;  // In an undecided proposal.
  std::map<TaskId, NodeId> last_primary_;
  bool any_assigned_ = false;  // Else this is the first placement.

  std::set<NodeId> suspected_;  // To be probed.
  std::set<NodeId> probing_;
  std::map<NodeId, Time> silent_;  // When a probe got no answer.
  // Whose session ended by itself (R5).
  struct Absence {
    Time until;            // It may take its session up again.
    Time ask_at = kNever;  // Whether it is still there.
  };
  std::map<NodeId, Absence> missed_;
  std::set<NodeId> sessions_to_end_;

  std::optional<TaskId> failed_task_;  // R23: above max_failures.
  std::optional<StopRequested> stop_;
  bool end_proposed_ = false;
  std::optional<JobEnd> end_;
  Time remove_at_ = kNever;  // R24
  bool removed_ = false;
};

}  // namespace taskgraph::core
