// SPDX-License-Identifier: Apache-2.0
#include "core/backup_core.h"

#include <iterator>
#include <utility>

#include "core/copy_check.h"

namespace taskgraph::core {
namespace {

std::size_t BytesToApply(const Cause& cause) {
  if (const auto* compare = std::get_if<CompareState>(&cause)) {
    return compare->state.size();
  }
  const auto* apply = std::get_if<ApplyUpdates>(&cause);
  if (apply == nullptr) return 0;
  std::size_t bytes = 0;
  for (const Payload& update : apply->updates) bytes += update.size();
  return bytes;
}

}  // namespace

BackupCore::BackupCore(const ReplicaIdentity& identity,
                       ReplicaSurroundings& surroundings)
    : me_(identity),
      around_(surroundings),
      log_(identity.term, 0, 0),
      books_(identity.task, surroundings.directory) {
  Greet();
  Run(ChangeRole{ChangeRole::To::kBackup, {}, {}, 0, 0});
}

BackupCore::BackupCore(const ReplicaIdentity& identity,
                       ReplicaSurroundings& surroundings,
                       Invitation&& invitation)
    : me_(identity),
      around_(surroundings),
      join_(invitation.join),
      log_(identity.term, invitation.join, invitation.applied),
      books_(identity.task, surroundings.directory) {
  if (!IsIntact(invitation.books)) {
    broken_ = "the snapshot of the framework's books was damaged on its way";
    return;
  }
  FieldReader in(invitation.books.bytes.text());
  if (!books_.Read(in, around_.links, unheard_)) {
    broken_ = "the snapshot of the framework's books can't be read";
    return;
  }
  // It greets when the task has taken its part.
  Run(ChangeRole{
      ChangeRole::To::kBackup, std::move(invitation.state), {}, 0, 0});
}

void BackupCore::Follow(Term term) {
  if (term <= me_.term) return;
  me_.term = term;
  join_ = 0;
  log_.Follow(term);
  orders_.clear();
  Greet();
}

// So that there is a connection, whose end tells that the primary's process
// ended (R21).
void BackupCore::Greet() {
  acknowledged_ = {me_.term, join_, log_.applied(), 0};
  Acknowledge();
}

void BackupCore::Acknowledge() {
  const Assignment& record = around_.directory.of(me_.task);
  if (!record.HasPrimary()) return;
  acknowledged_.backlog = unapplied_bytes_;
  around_.outputs.push_back(SendMessage{
      record.primary, ReplicaMessage{me_.task, me_.incarnation, me_.generation,
                                     acknowledged_}});
}

void BackupCore::OnAppend(const LogAppend& append) {
  if (broken_) return;
  const std::optional<LogAck> ack = log_.Take(append);
  if (log_.broken()) {
    broken_ = "it lacks records that all others have";
    return;
  }
  if (!ack) return;
  Apply();
  if (broken_) return;
  acknowledged_ = *ack;
  Acknowledge();
}

void BackupCore::Apply() {
  while (const std::optional<TurnRecord> record = log_.NextToApply()) {
    if (!Replay(*record)) return;
  }
  TakeSnapshots();
  Pump();
}

void BackupCore::OnSnapshotOrder(const SnapshotOrder& order) {
  if (broken_ || order.term != me_.term) return;
  orders_.push_back(order);
  TakeSnapshots();
  Pump();
}

// The books as they are now, and the state when the task has gone through as
// much.
void BackupCore::TakeSnapshots() {
  for (SnapshotOrder& order : std::exchange(orders_, {})) {
    if (order.base > log_.applied()) {
      orders_.push_back(std::move(order));
      continue;
    }
    std::vector<const Cause*> tray;
    for (const Cause& cause : unheard_) tray.push_back(&cause);
    copies_.push_back(
        {std::move(order), log_.applied(), Seal(books_.Copy(tray))});
    Work(TakeSnapshot{});
  }
}

void BackupCore::Invite(const Copy& copy, const Sealed& state) {
  const SnapshotOrder& order = copy.order;
  if (order.term != me_.term) return;
  around_.outputs.push_back(
      SendMessage{order.joiner,
                  ReplicaMessage{me_.task, me_.incarnation, me_.generation,
                                 Invitation{order.term, order.join, order.joins,
                                            copy.applied, copy.books, state}}});
}

// Says whether the record could be read.
bool BackupCore::Replay(const TurnRecord& record) {
  Result<TurnContent> read = DecodeTurn(record.content);
  if (!read) {
    broken_ =
        "record " + std::to_string(record.number) + ": " + read.error().message;
    return false;
  }
  TurnContent turn = std::move(read).value();
  const bool first = books_.neighborhood.lists() == nullptr;
  if (first) books_.expected = turn.epoch;
  if (first || turn.epoch > books_.entered) {
    auto lists = around_.link_index.Neighbors(me_.task, turn.epoch);
    // Where there are none, the primary ends the job.
    books_.Enter(turn.epoch, lists ? std::move(lists).value()
                                   : std::make_shared<const NeighborLists>());
    unheard_.clear();
  }
  ForgetUnheard(turn.cause);
  if (!turn.effects.updates.empty()) {
    Work(ApplyUpdates{std::move(turn.effects.updates)});
  }
  if (std::holds_alternative<CompareState>(turn.cause)) Work(turn.cause);
  books_.Replay(std::move(turn), *this);
  return true;
}

// R12: the task has heard of the request, one way or the other.
void BackupCore::ForgetUnheard(const Cause& cause) {
  RequestNumber number = 0;
  if (const auto* data = std::get_if<TakeData>(&cause)) number = data->number;
  if (const auto* heard = std::get_if<HearFailure>(&cause)) {
    number = heard->failed.number;
  }
  std::erase_if(unheard_, [&](const Cause& one) {
    const auto* its_data = std::get_if<TakeData>(&one);
    const auto* its_failure = std::get_if<HearFailure>(&one);
    return (its_data != nullptr && its_data->number == number) ||
           (its_failure != nullptr && its_failure->failed.number == number);
  });
}

void BackupCore::Tell(HearFailure failure) {
  unheard_.push_back(std::move(failure));
}

void BackupCore::Work(Cause cause) {
  unapplied_bytes_ += BytesToApply(cause);
  auto* more = std::get_if<ApplyUpdates>(&cause);
  auto* last =
      work_.empty() ? nullptr : std::get_if<ApplyUpdates>(&work_.back());
  if (more == nullptr || last == nullptr) {
    work_.push_back(std::move(cause));
  } else {  // In one turn.
    std::move(more->updates.begin(), more->updates.end(),
              std::back_inserter(last->updates));
  }
}

void BackupCore::Pump() {
  if (!running_ && !work_.empty() && !broken_) Run(work_.Pop());
}

void BackupCore::Run(Cause cause) {
  running_ = cause;
  around_.outputs.push_back(
      RunTurn{me_.replica,
              {me_.task, me_.term, me_.incarnation, books_.entered,
               books_.requests.next(), books_.neighborhood.lists()},
              std::move(cause)});
}

void BackupCore::OnTurnFinished(const TurnEffects& effects) {
  const Cause cause = *std::exchange(running_, std::nullopt);
  const bool was_full = IsFull();
  unapplied_bytes_ -= BytesToApply(cause);
  if (std::holds_alternative<TakeSnapshot>(cause)) {
    const Copy copy = copies_.Pop();  // Where it threw, nobody is invited.
    if (effects.snapshot) Invite(copy, *effects.snapshot);
  } else if (effects.failure && !OnlyLooks(cause)) {
    broken_ = *effects.failure + " (while " + Describe(cause) + ")";
  } else if (join_ != 0 && std::holds_alternative<ChangeRole>(cause)) {
    Greet();
  } else if (effects.difference) {
    around_.outputs.push_back(
        ProposeEnd{me_.task, me_.term,
                   Failed(DifferenceText(me_.task, around_.self,
                                         std::get<CompareState>(cause),
                                         *effects.difference))});
  }
  if (was_full && !IsFull() && !broken_) Acknowledge();
  Pump();
}

std::optional<Estate> BackupCore::TakeOver() {
  const std::deque<TurnRecord>& tail = log_.tail();
  for (const TurnRecord& record : tail) {
    if (!Replay(record)) break;
  }
  if (broken_) return {};
  return Estate{std::move(books_),   log_.applied(),   tail,
                std::move(unheard_), std::move(work_), std::move(running_)};
}

}  // namespace taskgraph::core
