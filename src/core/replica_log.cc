// SPDX-License-Identifier: Apache-2.0
//
// ReplicaCore: what it owes its backups, and what waits for them.
#include <algorithm>
#include <utility>

#include "core/message_bytes.h"
#include "core/replica_core.h"

namespace taskgraph::core {
namespace {

// How long news of what may be applied wait for a record to travel with.
constexpr Duration kNewsDelay = std::chrono::milliseconds(5);

// Smaller bodies may overtake larger ones (see docs/protocol.md, "Order"), so
// nothing is sent behind a large one before it has arrived.
constexpr std::size_t kLargeBytes = 64 * 1024;

// How often a backup may leave something unanswered before it is taken for one
// that does not follow (R19).
constexpr int kRepeatsMax = 4;

// R16: a request that was answered on the spot, and changed nothing.
bool IsRead(const Cause& cause, const TurnEffects& effects) {
  const auto* request = std::get_if<ServeRequest>(&cause);
  if (request == nullptr || !effects.updates.empty() || effects.advance_epoch ||
      effects.finish || effects.retire || effects.ordered.size() != 1) {
    return false;
  }
  const auto* answer = std::get_if<GiveAnswer>(&effects.ordered.front());
  return answer != nullptr && answer->id == request->id;
}

}  // namespace

// Begins to keep a log where there is somebody to read it, and follows the
// in-sync set of the task's record.
void ReplicaCore::KeepLog() {
  const Assignment& record = around_.directory.of(me_.task);
  const Replicas in_sync(record.backups.begin(), record.backups.end());
  if (log_) {
    log_->SetInSync(in_sync);
  } else if (!in_sync.empty() || !record.joining.empty()) {
    log_.emplace(me_.term, in_sync, 0, std::deque<TurnRecord>());
  }
}

void ReplicaCore::OnOwnAssignment(Time now) {
  if (!active()) return;
  KeepLog();
  const Assignment& record = around_.directory.of(me_.task);
  const std::vector<NodeId> named = record.Replicas();
  for (auto& [node, with] : correspondences_) {
    if (!IsIn(node, named)) {
      with.Close(around_.options.failure);
    } else if (with.invited && with.snapshot_by != around_.self &&
               !IsIn(with.snapshot_by, record.backups)) {
      Disinvite(node);
    }
  }
  std::erase_if(correspondences_, [&](const auto& entry) {
    return !IsIn(entry.first, named) && entry.second.MayBeForgotten(now);
  });
  if (log_) log_->DropAllBut(named);
  ForgetGone(now);
  ReviewBackups();
  CallJoiners(now);
}

void ReplicaCore::OnAssignmentDecided(Time now) {
  if (!std::exchange(proposing_, false) || !active()) return;
  log_->ProposalDecided();
  ForgetGone(now);
  ReviewBackups();
  CallJoiners(now);
}

// Who is out can join again.
void ReplicaCore::ForgetGone(Time now) {
  std::erase_if(gone_, [&](const NodeId& node) {
    if (log_->MayCount(node)) return false;
    GiveUp(node, now);
    return true;
  });
}

// R19: who is dead, silent, or no copy any more does not count any longer, once
// the coordinator says so.
void ReplicaCore::ReviewBackups() {
  const Assignment& record = around_.directory.of(me_.task);
  if (!active() || !log_ || proposing_ || record.term != me_.term) return;
  Assignment next = record;
  std::erase_if(next.backups, [&](const NodeId& node) {
    return around_.suspects.contains(node) || gone_.contains(node);
  });
  std::erase_if(next.joining, [&](const NodeId& node) {
    if (!log_->CanCount(node) || around_.suspects.contains(node)) return false;
    next.backups.push_back(node);
    return true;
  });
  if (next == record) return;
  proposing_ = true;
  log_->Propose({next.backups.begin(), next.backups.end()});
  around_.outputs.push_back(
      ProposeAssignments{{{me_.task, record, std::move(next)}}});
}

void ReplicaCore::OnReplicaGone(const NodeId& backup, const ReplicaGone& gone,
                                Time now) {
  if (!log_) return;
  const auto copyist = log_->copyists().find(backup);
  if (copyist == log_->copyists().end() || gone.join < copyist->second.join) {
    return;  // Of an earlier stay.
  }
  Reject(backup, now);
  ReviewBackups();
}

// It is no copy, or does not follow.
void ReplicaCore::Reject(const NodeId& backup, Time now) {
  if (log_->MayCount(backup)) {
    gone_.insert(backup);
  } else {
    GiveUp(backup, now);
  }
}

void ReplicaCore::OnSuspicion(Time now) {
  ReviewBackups();
  CallJoiners(now);
}

bool ReplicaCore::Records() const { return log_ && !log_->alone(); }

// R17. A turn that only read needs none, but a word of each backup (R16).
void ReplicaCore::Record(const Cause& cause, const TurnEffects& effects) {
  if (IsRead(cause, effects)) {
    reading_ = began_;
  } else {
    Append(cause, effects);
    if (check_.Count(cause, entered())) OrderSnapshot();
  }
}

void ReplicaCore::Append(const Cause& cause, const TurnEffects& effects) {
  log_->Append(
      Encode({entered(), books_.neighborhood.TakeMet(), cause, effects}));
}

// R15, R16: everything that was done by now comes first.
void ReplicaCore::Depart(Departures::Item item) {
  const Departures::Gate gate{log_ ? log_->end() : 0, reading_};
  if (!log_ || (departures_.empty() && gate.IsOpen(*log_))) {
    std::visit([&](auto& one) { Carry(one); }, item);
  } else {
    departures_.Add(gate, std::move(item));
  }
}

void ReplicaCore::Carry(ProposeEpoch& proposal) {
  if (proposal.from == current_) around_.outputs.push_back(proposal);
}

void ReplicaCore::Carry(ProposeEnd& proposal) {
  around_.outputs.push_back(std::move(proposal));
}

void ReplicaCore::OnLogAck(const NodeId& backup, const LogAck& ack, Time now) {
  if (!log_) return;
  log_->Take(backup, ack);
  const auto with = correspondences_.find(backup);
  const auto copyist = log_->copyists().find(backup);
  if (with == correspondences_.end() || copyist == log_->copyists().end()) {
    return;
  }
  // It has heard all, and not all has come: what it had no room for.
  const PrimaryLog::Copyist& its = copyist->second;
  if (!its.owes() && its.held < its.sent) {
    log_->Rewind(backup);
    with->second.large = 0;
  }
  if (ack.term != me_.term || ack.join != its.join) return;
  gone_.erase(backup);
  Correspondence& correspondence = with->second;
  if (its.held >= correspondence.large) correspondence.large = 0;
  correspondence.Heard();
  const bool is_full = its.backlog > around_.options.limits.backlog_bytes_max;
  if (its.owes() || is_full) correspondence.repeat.Wait(now);
  if (its.join != 0) ReviewBackups();  // It may count now.
}

void ReplicaCore::TendLog(Time now) {
  if (!log_) return;
  while (std::optional<Departures::Item> item = departures_.Pop(*log_)) {
    std::visit([&](auto& one) { Carry(one); }, *item);
  }
  if (!active()) return;
  BoundLog(now);
  Pump();  // It may have waited for them.
  const bool news_are_due = now >= news_at_;
  if (news_are_due) news_at_ = kNever;
  for (const auto& [node, copyist] : log_->copyists()) {
    if (!Write(node, now, news_are_due)) continue;
    if (copyist.told != log_->committed() && news_at_ == kNever) {
      news_at_ = now + kNewsDelay;
    }
  }
}

// What waits for backups stays within bounds: the next turn waits, too.
bool ReplicaCore::WaitsForBackups() const {
  const LimitOptions& limits = around_.options.limits;
  return active() && log_ &&
         (log_->uncommitted_bytes() > limits.backlog_bytes_max ||
          log_->backlog() > limits.backlog_bytes_max ||
          departures_.size() > limits.held_messages_max);
}

// R20: so does what is kept for joiners.
void ReplicaCore::BoundLog(Time now) {
  while (log_->bytes() - log_->uncommitted_bytes() >
         around_.options.limits.log_bytes_max) {
    const std::optional<NodeId> slowest = log_->SlowestJoiner();
    if (!slowest) return;
    GiveUp(*slowest, now);
  }
}

// Says whether it may be written to.
bool ReplicaCore::Write(const NodeId& backup, Time now, bool news_are_due) {
  Correspondence& with = With(backup);
  if (with.large != 0 || with.invited || with.redial.waiting()) return false;
  std::optional<LogAppend> append = log_->NextFor(
      backup, departures_.awaited(*log_),
      news_are_due ? PrimaryLog::News::kNow : PrimaryLog::News::kLater);
  if (!append) return true;
  if (BytesOf(*append) > kLargeBytes) {
    with.large = append->records.back().number;
  }
  with.repeat.Wait(now);
  Post(backup, *std::move(append));
  return true;
}

// What was under way may be lost; it goes again, a little later.
void ReplicaCore::InterruptLog(const NodeId& node, Time now) {
  const auto with = correspondences_.find(node);
  if (with == correspondences_.end()) return;
  with->second.redial.Wait(now);
  // Who breaks off under its snapshot may have no room for it.
  if (with->second.invited) GiveUp(node, now);
  for (auto& [joiner, other] : correspondences_) {
    if (other.invited && other.snapshot_by == node) Disinvite(joiner);
  }
}

void ReplicaCore::RepeatLog(Time now) {
  for (auto& [node, with] : correspondences_) {
    const bool redial = with.redial.waiting() && with.redial.until() <= now;
    const bool repeat = with.repeat.waiting() && with.repeat.until() <= now;
    if (redial) with.redial.Resume();
    if (repeat) with.repeat.Resume();
    if (with.rejoin.until() <= now) with.rejoin.Resume();
    if (with.patience.until() <= now) Disinvite(node);
    if (!redial && !repeat) continue;
    if (repeat && ++with.repeats > kRepeatsMax) Reject(node, now);
    with.large = 0;
    log_->Rewind(node);
  }
  ReviewBackups();
  CallJoiners(now);
}

Time ReplicaCore::LogDeadline() const {
  Time next = news_at_;
  for (const auto& [node, with] : correspondences_) {
    next = std::min(next, with.deadline());
  }
  return next;
}

Correspondence& ReplicaCore::With(const NodeId& node) {
  return correspondences_.try_emplace(node, around_.options.failure)
      .first->second;
}

void ReplicaCore::Post(const NodeId& node, ReplicaBody body) {
  around_.outputs.push_back(
      SendMessage{node, ReplicaMessage{me_.task, me_.incarnation,
                                       me_.generation, std::move(body)}});
}

}  // namespace taskgraph::core
