// SPDX-License-Identifier: Apache-2.0
#include "core/controller_core.h"

#include <algorithm>
#include <utility>

namespace taskgraph::core {
namespace {

using namespace std::chrono_literals;

// Whose session ended, and who is there.
constexpr Duration kAskAgain = 100ms;

}  // namespace

ControllerCore::ControllerCore(NodeId self, TaskId tasks,
                               ControllerOptions options)
    : self_(std::move(self)), options_(options), directory_(tasks) {
  for (TaskId task = 0; task < tasks; ++task) vacant_.insert(task);
}

Outputs ControllerCore::Step(Input input, Time now) {
  std::visit([&](auto& fact) { On(fact, now); }, input);
  if (grace_until_ && *grace_until_ <= now) EndGrace();
  AttendToMissed(now);
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
  for (const auto& [node, absence] : missed_) {
    next = std::min({next, absence.until, absence.ask_at});
  }
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
  missed_.erase(node);
  silent_.erase(node);
  if (roster_.IsDead(node)) sessions_to_end_.insert(node);
  for (TaskId task : roster_.tasks_on(node)) Review(task);
}

void ControllerCore::On(NodeLeft& left, Time now) {
  const NodeId& node = left.node;
  if (!roster_.Leave(node)) return;
  if (elected_ && !end_ && !roster_.IsDead(node) && !WasSilent(node, now) &&
      !roster_.tasks_on(node).empty()) {
    Miss(node, now);
  } else {
    Dismiss(node);
  }
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
void ControllerCore::On(PeerProbed& probed, Time now) {
  const NodeId& node = probed.node;
  probing_.erase(node);
  silent_.erase(node);
  const auto missed = missed_.find(node);
  switch (probed.verdict) {
    case PeerProbed::Verdict::kGone:
      Bury(node, "its process is gone");
      break;
    case PeerProbed::Verdict::kSilent:
      if (missed != missed_.end()) {
        Dismiss(node);
      } else if (roster_.HasSession(node)) {
        silent_[node] = now;
      }
      break;
    case PeerProbed::Verdict::kAlive:  // Though it may be about to leave.
      if (missed != missed_.end()) missed->second.ask_at = now + kAskAgain;
      break;
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
  if (roster_.IsDead(node)) return;
  if (roster_.HasSession(node) || missed_.contains(node)) {
    suspected_.insert(node);
  }
}

void ControllerCore::Bury(const NodeId& node, std::string reason) {
  suspected_.erase(node);
  if (!roster_.Die(node, std::move(reason))) return;
  sessions_to_end_.insert(node);
  if (missed_.contains(node)) {
    Dismiss(node);
  } else {
    for (TaskId task : roster_.tasks_on(node)) Review(task);
  }
}

// R5: its session ended by itself. That may be the coordinator's fault, who
// may have ended all of them; so it is asked whether it is there.
void ControllerCore::Miss(const NodeId& node, Time now) {
  missed_[node] = {now + options_.options.failure.session_time};
  suspected_.insert(node);
  for (TaskId task : roster_.tasks_on(node)) Review(task);
}

void ControllerCore::AttendToMissed(Time now) {
  std::vector<NodeId> overdue;
  for (auto& [node, absence] : missed_) {
    if (absence.until <= now) {
      overdue.push_back(node);
    } else if (absence.ask_at <= now) {
      absence.ask_at = kNever;
      suspected_.insert(node);
    }
  }
  for (const NodeId& node : overdue) Dismiss(node);
}

void ControllerCore::Dismiss(const NodeId& node) {
  missed_.erase(node);
  silent_.erase(node);
  suspected_.erase(node);
  probing_.erase(node);
  if (node != self_) outputs_.push_back(SetPeer{node, {}});
  for (TaskId task : roster_.tasks_on(node)) Review(task);
}

// A session outlives the last sign of its node by its time at most, and what
// the coordinator takes to notice.
bool ControllerCore::WasSilent(const NodeId& node, Time now) const {
  const auto found = silent_.find(node);
  return found != silent_.end() &&
         now - found->second < 2 * options_.options.failure.session_time;
}

// Whose session ended while we and the coordinator were there.
bool ControllerCore::IsAbsent(const NodeId& node) const {
  if (roster_.HasSession(node)) return false;
  return roster_.IsDead(node) || !grace_until_;
}

// R5: the last replica is given up only when its process is known to be dead or
// its session ended by itself, and it does not take it up again. A dead node's
// session is ended first: a wrong verdict then shows.
bool ControllerCore::IsLost(const NodeId& node) const {
  return IsAbsent(node) && (roster_.IsDead(node) || !missed_.contains(node));
}

// R4: one that can go on.
const NodeId* ControllerCore::LiveBackup(const Assignment& record) const {
  const auto live = std::find_if(
      record.backups.begin(), record.backups.end(), [&](const NodeId& node) {
        return roster_.HasSession(node) && !roster_.IsDead(node);
      });
  return live == record.backups.end() ? nullptr : &*live;
}

bool ControllerCore::AllAreLost(const Assignment& record) const {
  return IsLost(record.primary) &&
         std::all_of(record.backups.begin(), record.backups.end(),
                     [&](const NodeId& node) { return IsLost(node); });
}

void ControllerCore::Review(TaskId task) {
  vacant_.erase(task);
  lost_.erase(task);
  short_.erase(task);
  if (pending_.contains(task)) return;
  const Assignment& record = directory_.of(task);
  if (!record.HasPrimary()) {
    vacant_.insert(task);
  } else if (LiveBackup(record) != nullptr ? IsAbsent(record.primary)
                                           : AllAreLost(record)) {
    lost_.insert(task);
  } else if (roster_.HasSession(record.primary) && IsShort(task)) {
    short_.insert(task);
  }
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

}  // namespace taskgraph::core
