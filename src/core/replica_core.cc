// SPDX-License-Identifier: Apache-2.0
//
// ReplicaCore: epochs and turns.
#include "core/replica_core.h"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace taskgraph::core {
namespace {

template <typename T>
bool Is(const Cause& cause) {
  return std::holds_alternative<T>(cause);
}

}  // namespace

ReplicaCore::ReplicaCore(const ReplicaIdentity& identity,
                         ReplicaSurroundings& surroundings)
    : me_(identity),
      around_(surroundings),
      books_(identity.task, surroundings.directory),
      check_(surroundings.options.backups.check_every) {}

ReplicaCore::ReplicaCore(const ReplicaIdentity& identity,
                         ReplicaSurroundings& surroundings, Estate&& estate)
    : me_(identity),
      around_(surroundings),
      running_(std::move(estate.running)),
      books_(std::move(estate.books)),
      check_(surroundings.options.backups.check_every) {
  const Assignment& record = around_.directory.of(me_.task);
  log_.emplace(me_.term, Replicas(record.backups.begin(), record.backups.end()),
               estate.base, std::move(estate.tail));
  if (running_ && Is<TakeSnapshot>(*running_)) {
    running_ = TakeSnapshot{.withdrawn = true};
  }
  while (!estate.work.empty()) {
    Cause work = estate.work.Pop();
    if (!Is<TakeSnapshot>(work)) prologue_.push_back(std::move(work));
  }
  prologue_.push_back(ChangeRole{ChangeRole::To::kPrimary, {}, {}, 0, 0});
  unheard_ = std::move(estate.unheard);
}

void ReplicaCore::Begin(Epoch epoch, Time now) {
  current_ = epoch;
  KeepLog();
  if (!books_.initialized) prologue_.push_back(InitTask{});
  if (books_.neighborhood.lists() == nullptr) {
    books_.expected = epoch;
    Enter(epoch);
  } else {
    GoOn();
  }
  Pump();
  CallJoiners(now);
}

// R17, R18: what the books say was to be done, and may not have been.
void ReplicaCore::GoOn() {
  FollowNeighbors();
  if (books_.expected <= entered()) queue_.push_front(EnterEpoch{});
  books_.neighborhood.Reannounce();
  Queue(books_.neighborhood.ReviewAll());
  QueueUnheard();  // R22: after what precedes it.
  for (TaskId task : books_.neighborhood.tasks()) Flush(task);
  if (books_.advance) {
    Depart(ProposeEpoch{me_.task, me_.term, me_.generation, entered()});
  }
  if (books_.finish) ProposeFinish();
}

void ReplicaCore::FollowNeighbors() {
  for (TaskId task : books_.neighborhood.tasks()) {
    around_.followers.Follow(task, me_.replica);
  }
}

void ReplicaCore::OnEpoch(Epoch epoch) {
  if (epoch <= current_ || !active()) return;
  current_ = epoch;
  if (running_) around_.outputs.push_back(StopTurn{me_.replica});  // R9
  Pump();
}

void ReplicaCore::OnAssignment(TaskId task, const Assignment& before) {
  const Assignment& now = around_.directory.of(task);
  // Another in-sync set is no news to its neighbors.
  if (!active() || now.term == before.term) return;
  // R10: a new primary may know less than what the one before acknowledged.
  books_.metas_sent.RewindToStart(task);
  if (now.incarnation > before.incarnation) {
    std::erase_if(early_answers_, [task](const auto& answer) {
      return answer.first.first == task;
    });
  }
  books_.requests.Rewind(task);  // R13: on the new primary, at once.
  waits_.erase(task);
  Queue(books_.neighborhood.Review(task));
  QueueUnheard();
  Readmit();
  Flush(task);
  Pump();
}

void ReplicaCore::OnTurnFinished(TurnEffects&& effects, Time now) {
  const Cause cause = *std::move(running_);
  running_.reset();
  if (Is<ExitTask>(cause)) {
    state_ = State::kDone;
    return;
  }
  if (state_ == State::kDone) return;
  if (state_ == State::kLeaving) {  // R2: superseded, or the job is over.
    Pump();
    return;
  }
  if (const auto* snapshot = std::get_if<TakeSnapshot>(&cause)) {
    if (!snapshot->withdrawn) TakeSnapshotOf(effects, now);
  } else if (effects.failure && !OnlyLooks(cause)) {
    return Fail(cause, *effects.failure);
  } else if (effects.begun) {
    TakeEffects(cause, std::move(effects));
  } else if (Is<InitTask>(cause)) {  // Only what is of use is begun again.
    prologue_.push_front(cause);
  }
  Pump();
}

// R15: no trace of the turn. R23: counted.
void ReplicaCore::Fail(const Cause& cause, const std::string& why) {
  around_.outputs.push_back(DropTask{me_.replica});
  state_ = State::kDone;
  departures_.Clear();
  Resign({1, why + " (while " + Describe(cause) + ")"});
}

void ReplicaCore::TakeEffects(const Cause& cause, TurnEffects&& effects) {
  if (effects.difference) {  // It was a backup when it was told to compare.
    around_.outputs.push_back(
        ProposeEnd{me_.task, me_.term,
                   Failed(DifferenceText(me_.task, around_.self,
                                         std::get<CompareState>(cause),
                                         *effects.difference))});
  }
  if (IsOutsideEpochs(cause)) return;
  // R9: what it sent would be void on arrival.
  if (current_ != entered()) effects.ordered.clear();
  if (Records()) Record(cause, effects);
  books_.Apply(std::move(effects.ordered), *this);
  books_.Conclude(cause, *this);
  Propose(effects);
  reading_.reset();
}

void ReplicaCore::OnJobEnded(const JobEnd& end) {
  if (active()) Leave(end.reason, end.status);
}

void ReplicaCore::OnSuperseded() {
  if (active()) Leave(ExitReason::kSuperseded, {});
}

void ReplicaCore::Enter(Epoch epoch) {
  queue_.clear();
  waits_.clear();
  early_answers_.clear();
  unheard_.clear();
  departures_.DropLetters();
  auto lists = around_.link_index.Neighbors(me_.task, epoch);
  std::string mistake = lists ? std::string() : lists.error().message;
  const bool has_news =
      books_.Enter(epoch, lists ? std::move(lists).value()
                                : std::make_shared<const NeighborLists>());
  if (!mistake.empty()) return EndJob(std::move(mistake));
  queue_.push_back(EnterEpoch{});
  if (has_news) {
    FollowNeighbors();
    Queue(books_.neighborhood.ReviewAll());  // R22
  }
  Readmit();
}

void ReplicaCore::Queue(std::vector<Cause> causes) {
  for (Cause& cause : causes) queue_.push_back(std::move(cause));
}

void ReplicaCore::Tell(HearFailure failure) {
  queue_.push_back(std::move(failure));
}

// Begins the next turn if none runs and there is something to do.
void ReplicaCore::Pump() {
  if (running_ || resigning_) return;
  if (active() && current_ > entered()) Enter(current_);
  if (state_ == State::kDone) return;
  if (!prologue_.empty()) {
    RunNext(prologue_);
  } else if (!queue_.empty() && !WaitsForBackups()) {
    RunNext(queue_);
  }
}

// Causes are large, and come in great numbers: this one is built where it goes.
void ReplicaCore::RunNext(Fifo<Cause>& causes) {
  auto& order = std::get<RunTurn>(
      around_.outputs.emplace_back(std::in_place_type<RunTurn>));
  order.replica = me_.replica;
  order.context = {me_.task,
                   me_.term,
                   me_.incarnation,
                   entered(),
                   books_.requests.next(),
                   books_.neighborhood.lists()};
  Cause& cause = order.cause;
  causes.PopInto(cause);
  if (auto* enter = std::get_if<EnterEpoch>(&cause)) {
    enter->skipped = entered() - books_.expected;  // R7
  } else if (auto* role = std::get_if<ChangeRole>(&cause)) {
    role->open_tokens = books_.served.Unanswered();
    role->metas = books_.metas_sent.size();
    role->open_requests = books_.requests.size();
  }
  if (log_) began_ = log_->Now();
  running_ = cause;
}

// R15: epoch advance and job end come last.
void ReplicaCore::Propose(const TurnEffects& effects) {
  if (effects.advance_epoch && current_ == entered()) {
    books_.advance = true;
    Depart(ProposeEpoch{me_.task, me_.term, me_.generation, entered()});
  }
  if (effects.finish) {
    if (!books_.finish) books_.finish = *effects.finish;
    ProposeFinish();
  }
  if (effects.retire) {
    resigning_ = true;
    Depart(Resignation{0, "it retired"});
  }
}

void ReplicaCore::ProposeFinish() {
  ExitStatus status = *books_.finish;
  const ExitReason reason =
      status.code == 0 ? ExitReason::kFinished : ExitReason::kFailed;
  Shorten(status.message);
  Depart(ProposeEnd{me_.task, me_.term, {reason, std::move(status)}});
}

void ReplicaCore::Carry(Resignation& resignation) {
  Resign(std::move(resignation));
  Leave(ExitReason::kSuperseded, {});
}

// The node carries it out, again and again until it is decided.
void ReplicaCore::Resign(Resignation resignation) {
  Shorten(resignation.why);
  resignation_ = std::move(resignation);
}

void ReplicaCore::Leave(ExitReason reason, const ExitStatus& status) {
  state_ = State::kLeaving;
  resigning_ = false;
  departures_.Clear();
  held_ = {};
  waits_.clear();
  prologue_.clear();
  queue_.clear();
  queue_.push_back(ExitTask{reason, status});
  if (running_) {
    around_.outputs.push_back(StopTurn{me_.replica});
  } else {
    Pump();
  }
}

void ReplicaCore::EndJob(std::string why) {
  around_.outputs.push_back(
      ProposeEnd{me_.task, me_.term, Failed(std::move(why))});
  prologue_.clear();
}

void ReplicaCore::OnDeadline(Time now) {
  if (!active()) return;
  for (auto& [task, wait] : waits_) {
    if (!wait.waiting() || wait.until() > now) continue;
    wait.Resume();
    Flush(task);
  }
  if (log_) RepeatLog(now);
}

Time ReplicaCore::NextDeadline() const {
  if (!active()) return kNever;
  Time next = LogDeadline();
  for (const auto& [task, wait] : waits_) next = std::min(next, wait.until());
  return next;
}

}  // namespace taskgraph::core
