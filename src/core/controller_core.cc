// SPDX-License-Identifier: Apache-2.0
#include "core/controller_core.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace taskgraph::core {
namespace {

// A transaction may hold 128 operations, and a change takes two.
constexpr std::size_t kChangesPerProposalMax = 50;

}  // namespace

ControllerCore::ControllerCore(NodeId self, TaskId tasks,
                               ControllerOptions options)
    : self_(std::move(self)), options_(options), directory_(tasks) {
  for (TaskId task = 0; task < tasks; ++task) vacant_.insert(task);
}

Outputs ControllerCore::Step(Input input, Time now) {
  std::visit([&](auto& fact) { On(fact, now); }, input);
  if (grace_until_ && *grace_until_ <= now) EndGrace();
  if (elected_) {
    ActOnSuspicions();
    ActOnEnd(now);
    // What found no room may find it after any other fact.
    if (!std::holds_alternative<EpochAdvanced>(input)) Plan();
  }
  return std::exchange(outputs_, {});
}

Time ControllerCore::NextDeadline() const {
  Time next = grace_until_.value_or(kNever);
  if (elected_ && !removed_) next = std::min(next, remove_at_);
  return next;
}

void ControllerCore::On(AssignmentChanged& changed, Time) {
  const TaskId task = changed.task;
  if (!directory_.Has(task)) return;
  const Assignment before = directory_.of(task);
  if (!directory_.Update(task, changed.assignment)) return;
  const Assignment& record = directory_.of(task);
  any_assigned_ = any_assigned_ || record.incarnation > 0;
  roster_.Move(task, before, record);
  if (before.HasPrimary() && record.primary != before.primary) {
    last_primary_[task] = before.primary;
  }
  if (!failed_task_ &&
      record.failures > options_.options.failure.max_failures) {
    failed_task_ = task;  // R23
  }
  Review(task);
}

void ControllerCore::On(EpochAdvanced& advanced, Time) {
  if (advanced.generation > generation_) {
    generation_ = advanced.generation;
    epoch_ = advanced.epoch;
  } else if (advanced.generation == generation_) {
    epoch_ = std::max(epoch_, advanced.epoch);
  }
}

void ControllerCore::On(NodeJoined& joined, Time) {
  const NodeId node = joined.record.node;
  if (node != self_) {
    outputs_.push_back(SetPeer{node, joined.record.addresses});
  }
  roster_.Join(std::move(joined.record));
  if (roster_.IsDead(node)) sessions_to_end_.insert(node);
  for (TaskId task : roster_.tasks_on(node)) Review(task);
}

void ControllerCore::On(NodeLeft& left, Time) {
  if (!roster_.Leave(left.node)) return;
  if (left.node != self_) outputs_.push_back(SetPeer{left.node, {}});
  suspected_.erase(left.node);
  probing_.erase(left.node);
  for (TaskId task : roster_.tasks_on(left.node)) Review(task);
}

void ControllerCore::On(JobEnded& ended, Time now) {
  if (end_) return;
  end_ = ended.end;
  remove_at_ = now + options_.options.failure.exit_grace;
}

void ControllerCore::On(CoordinatorWentAway&, Time) {
  coordinator_there_ = false;
  grace_until_ = kNever;  // Nobody could show up, so nobody is missing.
}

// The first time, at the start, nothing was missed: ElectionWon begins a grace.
void ControllerCore::On(CoordinatorCameBack&, Time now) {
  coordinator_there_ = true;
  if (grace_until_) BeginGrace(now);
}

// What is so now is in the directory; who lost plans again.
void ControllerCore::On(AssignmentsDecided& decided, Time) {
  for (TaskId task : decided.tasks) {
    if (pending_.erase(task) > 0) Review(task);
  }
}

void ControllerCore::On(MessageArrived& arrived, Time now) {
  if (const auto* suspicion = std::get_if<Suspicion>(&arrived.message)) {
    Suspect(suspicion->node);
  } else if (const auto* news = std::get_if<EpochNews>(&arrived.message);
             news != nullptr && news->generation == generation_) {
    EpochAdvanced advanced{news->generation, news->epoch};
    On(advanced, now);
  }
}

void ControllerCore::On(PeerLost& lost, Time) { Suspect(lost.node); }

// R21: only a confirmed death is acted upon; of the silent, the session
// decides.
void ControllerCore::On(PeerProbed& probed, Time) {
  probing_.erase(probed.node);
  if (probed.verdict == PeerProbed::Verdict::kGone) {
    Bury(probed.node, "its process is gone");
  }
}

void ControllerCore::On(ProcessExited& exited, Time) {
  Bury(exited.node, std::move(exited.reason));
}

void ControllerCore::On(ElectionWon&, Time now) {
  elected_ = true;
  if (coordinator_there_) {
    BeginGrace(now);
  } else {
    grace_until_ = kNever;  // R25: until it is back.
  }
}

// What was proposed in this office may have been refused for that reason; the
// next term of office proposes it again.
void ControllerCore::On(ElectionLost&, Time) {
  elected_ = false;
  end_proposed_ = false;
  removed_ = false;
}

void ControllerCore::On(StopRequested& stop, Time) {
  if (!stop_) stop_ = std::move(stop);
}

// R25: whose session ended in our absence may take it up again.
void ControllerCore::BeginGrace(Time now) {
  grace_until_ = now + options_.options.failure.session_time;
  for (TaskId task : std::exchange(lost_, {})) Review(task);
}

void ControllerCore::EndGrace() {
  grace_until_.reset();
  for (TaskId task : roster_.strays()) Review(task);
}

void ControllerCore::Suspect(const NodeId& node) {
  if (roster_.HasSession(node) && !roster_.IsDead(node)) {
    suspected_.insert(node);
  }
}

void ControllerCore::Bury(const NodeId& node, std::string reason) {
  suspected_.erase(node);
  if (!roster_.Die(node, std::move(reason))) return;
  sessions_to_end_.insert(node);
  for (TaskId task : roster_.tasks_on(node)) Review(task);
}

// R5: the last replica is given up only when its process is known to be dead or
// its session ended by itself. A dead node's session is ended first: a wrong
// verdict then shows, because the node takes it up again.
bool ControllerCore::IsLost(const NodeId& node) const {
  if (roster_.HasSession(node)) return false;
  return roster_.IsDead(node) || !grace_until_;
}

// R4: one that can go on.
const NodeId* ControllerCore::LiveBackup(const Assignment& record) const {
  const auto live = std::find_if(
      record.backups.begin(), record.backups.end(), [&](const NodeId& node) {
        return roster_.HasSession(node) && !roster_.IsDead(node);
      });
  return live == record.backups.end() ? nullptr : &*live;
}

void ControllerCore::Review(TaskId task) {
  vacant_.erase(task);
  lost_.erase(task);
  short_.erase(task);
  if (pending_.contains(task)) return;
  const Assignment& record = directory_.of(task);
  if (!record.HasPrimary()) {
    vacant_.insert(task);
  } else if (IsLost(record.primary) &&
             (LiveBackup(record) != nullptr ||
              std::all_of(record.backups.begin(), record.backups.end(),
                          [&](const NodeId& node) { return IsLost(node); }))) {
    lost_.insert(task);
  } else if (roster_.HasSession(record.primary) && IsShort(task)) {
    short_.insert(task);
  }
}

// R20: of backups, present and to come.
bool ControllerCore::IsShort(TaskId task) const {
  const Assignment& record = directory_.of(task);
  const std::size_t has = record.backups.size() + record.joining.size();
  return has < options_.options.backups.For(task) ||
         std::any_of(record.joining.begin(), record.joining.end(),
                     [&](const NodeId& node) { return IsLost(node); });
}

// Nothing: there is no room.
std::optional<AssignmentChange> ControllerCore::FillUp(TaskId task,
                                                       Placement& slots) const {
  const Assignment& record = directory_.of(task);
  const std::uint32_t wanted = options_.options.backups.For(task);
  Assignment next = record;
  std::erase_if(next.joining, [&](const NodeId& node) { return IsLost(node); });
  while (next.backups.size() + next.joining.size() < wanted) {
    std::optional<NodeId> node = slots.PlaceBeside(next.Replicas());
    if (!node) break;
    next.joining.push_back(*std::move(node));
    ++next.joins;
  }
  if (next == record) return {};
  return AssignmentChange{task, record, std::move(next)};
}

// R21: hints that came while a probe ran may be newer than its verdict, so they
// are probed once more after it.
void ControllerCore::ActOnSuspicions() {
  for (auto it = suspected_.begin(); it != suspected_.end();) {
    if (!probing_.insert(*it).second) {
      ++it;
      continue;
    }
    outputs_.push_back(ProbePeer{*it});
    it = suspected_.erase(it);
  }
  for (const NodeId& node : std::exchange(sessions_to_end_, {})) {
    outputs_.push_back(EndSession{node});
  }
}

void ControllerCore::ActOnEnd(Time now) {
  if (end_) {  // R24
    const bool all_left = coordinator_there_ && nodes().empty();
    if (!removed_ && (all_left || now >= remove_at_)) {
      removed_ = true;
      outputs_.push_back(RemoveJob{});
    }
    return;
  }
  if (end_proposed_ || (!stop_ && !failed_task_)) return;
  end_proposed_ = true;
  JobEnd end;
  if (stop_) {
    end = {ExitReason::kKilled, {stop_->code, "stopped: " + stop_->reason}};
  } else {  // R23
    const Assignment& record = directory_.of(*failed_task_);
    end = Failed("task " + std::to_string(*failed_task_) + " failed " +
                 std::to_string(record.failures) +
                 " times (max_failures allows " +
                 std::to_string(options_.options.failure.max_failures) +
                 "); the last error: " + record.last_error);
  }
  outputs_.push_back(ProposeEnd{std::nullopt, 0, std::move(end)});
}

void ControllerCore::Plan() {
  if (!coordinator_there_ || end_ || end_proposed_) return;
  if (vacant_.empty() && lost_.empty() && short_.empty()) return;
  Placement slots = CountSlots();
  if (!any_assigned_ && pending_.empty() &&
      (nodes().size() < options_.nodes_expected ||
       slots.free_slots() < directory_.tasks())) {
    return;
  }
  std::vector<AssignmentChange> changes;
  for (TaskId task : std::exchange(lost_, {})) {
    changes.push_back(Replace(task, slots));
  }
  while (!vacant_.empty()) {
    std::optional<AssignmentChange> change = Place(*vacant_.begin(), slots);
    if (!change) break;
    vacant_.erase(vacant_.begin());
    changes.push_back(*std::move(change));
  }
  // All primaries come first.
  for (AssignmentChange& change : changes) PlaceBackups(change, slots);
  for (auto it = short_.begin(); it != short_.end();) {
    std::optional<AssignmentChange> change = FillUp(*it, slots);
    it = change ? short_.erase(it) : std::next(it);
    if (change) changes.push_back(*std::move(change));
  }
  Propose(std::move(changes));
}

Placement ControllerCore::CountSlots() const {
  std::map<NodeId, std::size_t> promised;
  for (const auto& [task, next] : pending_) {
    for (const NodeId& node : next.Replicas()) {
      if (!roster_.tasks_on(node).contains(task)) ++promised[node];
    }
  }
  Placement slots;
  for (const auto& [node, record] : nodes()) {
    if (roster_.IsDead(node)) continue;
    slots.Add(record, roster_.tasks_on(node).size() + promised[node]);
  }
  return slots;
}

// Mostly a backup was quicker and has promoted itself. R5: the loss of the last
// replica and its cause go into one change, with the next place if there is
// one; else neighbors must hear at least of the loss (R22).
AssignmentChange ControllerCore::Replace(TaskId task, Placement& slots) const {
  const Assignment& record = directory_.of(task);
  Assignment next;
  if (const NodeId* backup = LiveBackup(record)) {
    next = record.PromotedTo(*backup);
  } else {
    next = record.Lost();
    if (auto node = slots.Place(record.primary)) {
      next.primary = *std::move(node);
      next.began = next.term;
    }
  }
  next.last_error = roster_.DescribeLoss(record.primary);
  return {task, record, std::move(next)};
}

std::optional<AssignmentChange> ControllerCore::Place(TaskId task,
                                                      Placement& slots) const {
  const auto last = last_primary_.find(task);
  std::optional<NodeId> node =
      slots.Place(last == last_primary_.end() ? NodeId() : last->second);
  if (!node) return std::nullopt;
  const Assignment& record = directory_.of(task);
  return AssignmentChange{task, record, record.BegunBy(*std::move(node))};
}

// Who begins with the incarnation is in-sync from the start.
void ControllerCore::PlaceBackups(AssignmentChange& change,
                                  Placement& slots) const {
  Assignment& next = change.next;
  if (!next.HasPrimary() || next.began != next.term) return;
  const std::uint32_t wanted = options_.options.backups.For(change.task);
  while (next.backups.size() < wanted) {
    std::optional<NodeId> node = slots.PlaceBeside(next.Replicas());
    if (!node) return;
    next.backups.push_back(*std::move(node));
  }
}

void ControllerCore::Propose(std::vector<AssignmentChange> changes) {
  for (const AssignmentChange& change : changes) {
    pending_[change.task] = change.next;
  }
  for (auto it = changes.begin(); it != changes.end();) {
    const auto rest = static_cast<std::size_t>(changes.end() - it);
    const auto end = it + std::min(rest, kChangesPerProposalMax);
    outputs_.push_back(ProposeAssignments{
        {std::make_move_iterator(it), std::make_move_iterator(end)}});
    it = end;
  }
}

}  // namespace taskgraph::core
