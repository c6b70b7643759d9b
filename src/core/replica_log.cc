// SPDX-License-Identifier: Apache-2.0
//
// ReplicaCore: what it owes its backups, and what waits for them.
#include <algorithm>
#include <utility>

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

std::size_t BytesOf(const LogAppend& append) {
  std::size_t bytes = 0;
  for (const TurnRecord& record : append.records) {
    bytes += record.content.size();
  }
  return bytes;
}

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

ReplicaCore::Correspondence::Correspondence(const FailureOptions& options)
    : redial(options), repeat([&] {
        FailureOptions slower = options;  // Time for large records.
        slower.backoff_min = options.heartbeat_timeout / 2;
        slower.backoff_max = options.heartbeat_timeout * 2;
        return slower;
      }()) {}

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

void ReplicaCore::OnOwnAssignment() {
  if (!active()) return;
  KeepLog();
  const Assignment& record = around_.directory.of(me_.task);
  const std::vector<NodeId> named = record.Replicas();
  std::erase_if(
      gone_, [&](const NodeId& node) { return !IsIn(node, record.backups); });
  std::erase_if(correspondences_,
                [&](const auto& with) { return !IsIn(with.first, named); });
  if (log_) DropStrangers(named);
  ReviewBackups();
  CallJoiners();
}

// Joiners that were given up.
void ReplicaCore::DropStrangers(const std::vector<NodeId>& named) {
  std::vector<NodeId> strangers;
  for (const auto& [node, copyist] : log_->copyists()) {
    if (!IsIn(node, named)) strangers.push_back(node);
  }
  for (const NodeId& node : strangers) log_->Drop(node);
}

// R20: who is to become a backup gets a snapshot, for which the task has a turn
// of its own.
void ReplicaCore::CallJoiners() {
  const Assignment& record = around_.directory.of(me_.task);
  if (!active() || !log_ || snapshot_is_due_ || record.term != me_.term) return;
  snapshot_is_due_ =
      std::any_of(record.joining.begin(), record.joining.end(),
                  [&](const NodeId& node) { return MayInvite(node); });
  if (!snapshot_is_due_) return;
  prologue_.push_back(TakeSnapshot{});
  Pump();
}

bool ReplicaCore::MayInvite(const NodeId& node) const {
  const auto with = correspondences_.find(node);
  return !log_->copyists().contains(node) && !around_.suspects.contains(node) &&
         (with == correspondences_.end() || !with->second.redial.waiting());
}

void ReplicaCore::Invite(const Payload& state) {
  snapshot_is_due_ = false;
  const Assignment& record = around_.directory.of(me_.task);
  if (record.term != me_.term) return;
  std::vector<const Cause*> tray;
  queue_.ForEach([&](const Cause& cause) { tray.push_back(&cause); });
  std::string bytes;
  FieldWriter out(bytes);
  books_.Write(out, tray);
  const Payload books = Payload::Own(std::move(bytes));
  for (const NodeId& node : record.joining) {
    if (!MayInvite(node)) continue;
    const std::optional<JoinNumber> join = log_->Join(node, log_->end());
    if (!join) continue;
    correspondences_.try_emplace(node, around_.options.failure)
        .first->second.invited = true;
    around_.outputs.push_back(SendMessage{
        node, ReplicaMessage{me_.task, me_.incarnation, me_.generation,
                             Invitation{me_.term, *join, record.joins,
                                        log_->end(), books, state}}});
  }
}

void ReplicaCore::OnAssignmentDecided() {
  if (!std::exchange(proposing_, false) || !active()) return;
  log_->ProposalDecided();
  ReviewBackups();
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
    if (!log_->CanCount(node)) return false;
    next.backups.push_back(node);
    return true;
  });
  if (next == record) return;
  proposing_ = true;
  log_->Propose({next.backups.begin(), next.backups.end()});
  around_.outputs.push_back(
      ProposeAssignments{{{me_.task, record, std::move(next)}}});
}

void ReplicaCore::OnReplicaGone(const NodeId& backup, Time now) {
  if (!log_) return;
  if (!log_->MayCount(backup)) {  // A joiner; it is invited again.
    log_->Drop(backup);
    InterruptLog(backup, now);
    return;
  }
  gone_.insert(backup);
  ReviewBackups();
}

bool ReplicaCore::Records() const { return log_ && !log_->alone(); }

// R17. A turn that only read needs none, but a word of each backup (R16).
void ReplicaCore::Record(const Cause& cause, const TurnEffects& effects) {
  if (IsRead(cause, effects)) {
    reading_ = began_;
  } else {
    log_->Append(
        Encode({entered(), books_.neighborhood.TakeMet(), cause, effects}));
  }
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
  if (!its.owes() && its.held < its.sent) log_->Rewind(backup);
  Correspondence& correspondence = with->second;
  if (copyist->second.held >= correspondence.large) correspondence.large = 0;
  if (ack.term == me_.term && ack.join == its.join) {
    correspondence.invited = false;
  }
  correspondence.repeats = 0;
  gone_.erase(backup);
  correspondence.redial.Encourage();
  correspondence.repeat.Encourage();
  correspondence.repeat.Resume();
  if (copyist->second.owes()) correspondence.repeat.Wait(now);
  if (its.join != 0) ReviewBackups();  // It may count now.
}

void ReplicaCore::TendLog(Time now) {
  if (!log_) return;
  while (std::optional<Departures::Item> item = departures_.Pop(*log_)) {
    std::visit([&](auto& one) { Carry(one); }, *item);
  }
  if (!active()) return;
  const bool news_are_due = now >= news_at_;
  if (news_are_due) news_at_ = kNever;
  for (const auto& [node, copyist] : log_->copyists()) {
    if (!Write(node, now, news_are_due)) continue;
    if (copyist.told != log_->committed() && news_at_ == kNever) {
      news_at_ = now + kNewsDelay;
    }
  }
}

// Says whether it may be written to.
bool ReplicaCore::Write(const NodeId& backup, Time now, bool news_are_due) {
  Correspondence& with =
      correspondences_.try_emplace(backup, around_.options.failure)
          .first->second;
  if (with.large != 0 || with.invited || with.redial.waiting()) return false;
  std::optional<LogAppend> append = log_->NextFor(
      backup, departures_.awaited(*log_),
      news_are_due ? PrimaryLog::News::kNow : PrimaryLog::News::kLater);
  if (!append) return true;
  if (BytesOf(*append) > kLargeBytes) {
    with.large = append->records.back().number;
  }
  with.repeat.Wait(now);
  around_.outputs.push_back(
      SendMessage{backup, ReplicaMessage{me_.task, me_.incarnation,
                                         me_.generation, *std::move(append)}});
  return true;
}

// What was under way may be lost; it goes again, a little later.
void ReplicaCore::InterruptLog(const NodeId& node, Time now) {
  const auto with = correspondences_.find(node);
  if (with == correspondences_.end()) return;
  with->second.redial.Wait(now);
  if (std::exchange(with->second.invited, false)) log_->Drop(node);
}

void ReplicaCore::RepeatLog(Time now) {
  for (auto& [node, with] : correspondences_) {
    const bool redial = with.redial.waiting() && with.redial.until() <= now;
    const bool repeat = with.repeat.waiting() && with.repeat.until() <= now;
    if (redial) with.redial.Resume();
    if (repeat) with.repeat.Resume();
    if (!redial && !repeat) continue;
    if (repeat && ++with.repeats > kRepeatsMax) gone_.insert(node);
    with.large = 0;
    log_->Rewind(node);
  }
  ReviewBackups();
  CallJoiners();
}

Time ReplicaCore::LogDeadline() const {
  Time next = news_at_;
  for (const auto& [node, with] : correspondences_) {
    next = std::min({next, with.redial.until(), with.repeat.until()});
  }
  return next;
}

}  // namespace taskgraph::core
