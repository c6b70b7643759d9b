// SPDX-License-Identifier: Apache-2.0
//
// ReplicaCore: epochs and turns.
#include "core/replica_core.h"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace taskgraph::core {
namespace {

// A process exit code for a job that ended by an error of the framework's.
constexpr int kFailedCode = 1;

// Texts of the user's that travel in the head of a message, or are kept at the
// coordinator; larger ones would be refused there, and never be heard of.
constexpr std::size_t kReasonBytesMax = 16 * 1024;

void Shorten(std::string& reason) {
  if (reason.size() <= kReasonBytesMax) return;
  std::size_t end = kReasonBytesMax;  // Not within a character of UTF-8.
  while (end > 0 && (reason[end] & 0xC0) == 0x80) --end;
  reason.resize(end);
  reason += "...";
}

template <typename T>
bool Is(const Cause& cause) {
  return std::holds_alternative<T>(cause);
}

}  // namespace

ReplicaCore::ReplicaCore(const ReplicaIdentity& identity,
                         ReplicaSurroundings& surroundings)
    : me_(identity),
      around_(surroundings),
      neighborhood_(surroundings.directory) {}

void ReplicaCore::Begin(Epoch epoch) {
  current_ = expected_ = epoch;
  queue_.push_back(InitTask{});
  Enter(epoch);
  Pump();
}

void ReplicaCore::OnEpoch(Epoch epoch) {
  if (epoch <= current_ || !active()) return;
  current_ = epoch;
  if (running_) around_.outputs.push_back(StopTurn{me_.replica});  // R9
  Pump();
}

void ReplicaCore::OnAssignment(TaskId task, const Assignment& before) {
  if (!active()) return;
  if (around_.directory.of(task).incarnation > before.incarnation) {
    metas_sent_.RewindToStart(task);  // R10
    std::erase_if(early_answers_, [task](const auto& answer) {
      return answer.first.first == task;
    });
  } else {
    metas_sent_.Rewind(task);
  }
  requests_.Rewind(task);  // R13: on the new primary, at once.
  waits_.erase(task);
  Queue(neighborhood_.Review(task));
  Readmit();
  Flush(task);
  Pump();
}

void ReplicaCore::OnTurnFinished(TurnEffects effects) {
  const Cause cause = *std::exchange(running_, std::nullopt);
  if (Is<ExitTask>(cause)) {
    state_ = State::kDone;
    return;
  }
  if (state_ == State::kDone) return;
  if (state_ == State::kLeaving) {  // R2: superseded, or the job is over.
    Pump();
    return;
  }
  if (!effects.begun) {  // Only what is still of use is begun again.
    if (Is<InitTask>(cause)) queue_.push_front(cause);
    Pump();
    return;
  }
  if (effects.failure) {  // R15: no trace of the turn. R23: counted.
    around_.outputs.push_back(DropTask{me_.replica});
    Lose(1, *effects.failure + " (while " + Describe(cause) + ")");
    state_ = State::kDone;
    return;
  }
  if (current_ == entered_) {
    for (Effect& effect : effects.ordered) {
      std::visit([&](auto& one) { Apply(std::move(one)); }, effect);
    }
  }  // Else R9: what it sent would be void on arrival.
  Conclude(cause);
  Propose(effects);
  Pump();
}

void ReplicaCore::OnJobEnded(const JobEnd& end) {
  if (active()) Leave(end.reason, end.status);
}

void ReplicaCore::OnSuperseded() {
  if (active()) Leave(ExitReason::kSuperseded, {});
}

// Ends the epoch's books and opens new ones.
void ReplicaCore::Enter(Epoch epoch) {
  entered_ = epoch;
  metas_sent_.Clear();
  metas_heard_.Clear();
  requests_.Clear();
  served_.Clear();
  waits_.clear();
  early_answers_.clear();
  auto lists = around_.links.Neighbors(me_.task, epoch);
  if (!lists) {
    EndJob(lists.error().message);
    return;
  }
  if (neighborhood_.Enter(std::move(lists).value())) {
    for (TaskId task : neighborhood_.tasks()) {
      around_.followers.Follow(task, me_.replica);
    }
  }
  const bool init = !queue_.empty() && Is<InitTask>(queue_.front());
  queue_.clear();
  if (init) queue_.push_back(InitTask{});
  queue_.push_back(EnterEpoch{});
  Queue(neighborhood_.ReviewAll());  // R22
  Readmit();
}

void ReplicaCore::Queue(std::vector<Cause> causes) {
  for (Cause& cause : causes) queue_.push_back(std::move(cause));
}

// Begins the next turn if none runs and there is something to do.
void ReplicaCore::Pump() {
  if (running_) return;
  if (active() && current_ > entered_) Enter(current_);
  if (queue_.empty() || state_ == State::kDone) return;
  Run(queue_.Pop());
}

void ReplicaCore::Run(Cause cause) {
  if (auto* enter = std::get_if<EnterEpoch>(&cause)) {
    enter->skipped = entered_ - expected_;  // R7
  }
  running_ = cause;
  around_.outputs.push_back(
      RunTurn{me_.replica,
              {me_.task, me_.term, me_.incarnation, entered_, requests_.next(),
               neighborhood_.lists()},
              std::move(cause)});
}

void ReplicaCore::Apply(FlagMeta flag) {
  const auto found = neighborhood_.lists()->find(flag.link);
  if (found == neighborhood_.lists()->end()) return;  // Turn refuses it before.
  metas_sent_.Flag(flag.link, std::move(flag.text), found->second);
  for (TaskId to : found->second) Flush(to);
}

void ReplicaCore::Apply(MakeRequest request) {
  const TaskId to = request.to;
  const RequestNumber number = request.number;
  requests_.Make(std::move(request));
  if (neighborhood_.IsNeighbor(to)) {
    Flush(to);
  } else {  // R13
    Fail(number, NotNeighbor(me_.task, to, entered_));
  }
}

void ReplicaCore::Apply(const CancelRequest& cancel) {
  Fail(cancel.number, {ErrorCode::kCancelled, "withdrawn by the task"});
}

// R12: the first to settle a request tells the task.
void ReplicaCore::Fail(RequestNumber number, Error error) {
  std::optional<MakeRequest> request = requests_.Settle(number);
  if (!request) return;
  queue_.push_back(HearFailure{
      {number, request->to, std::move(request->method), std::move(error)}});
}

void ReplicaCore::Apply(GiveAnswer answer) {
  if (answer.id.epoch != entered_) return;  // R9: the token is void.
  if (answer.error) Shorten(answer.error->message);
  const TaskId asked_by = answer.id.task;
  const ServedRequests::Answered answered = served_.Answer(
      {answer.id, std::move(answer.error), std::move(answer.output),
       metas_sent_.CountFor(asked_by)});
  if (answered.answer == nullptr) return;
  Send(asked_by, *answered.answer);
  for (const RequestId& id : answered.also) {
    AnswerMessage same = *answered.answer;
    same.id = id;
    Send(asked_by, std::move(same));
  }
}

// The turn took effect: what it was about is done.
void ReplicaCore::Conclude(const Cause& cause) {
  if (const auto* meta = std::get_if<HearMeta>(&cause)) {  // R10
    metas_heard_.Heard(meta->from, meta->incarnation, meta->number);
    Send(meta->from,
         MetaAck{metas_heard_.Acknowledged(meta->from), meta->incarnation});
  } else if (const auto* data = std::get_if<TakeData>(&cause)) {  // R14
    requests_.Finish(data->number);
  } else if (const auto* failure = std::get_if<HearFailure>(&cause)) {
    requests_.Finish(failure->failed.number);
  } else if (Is<EnterEpoch>(cause)) {  // R7
    expected_ = entered_ + 1;
  } else if (const auto* lost = std::get_if<NeighborLost>(&cause)) {  // R22
    neighborhood_.Told(*lost);
  } else if (const auto* back = std::get_if<NeighborBack>(&cause)) {
    neighborhood_.Told(*back);
  }
}

// R15: epoch advance and job end come last.
void ReplicaCore::Propose(const TurnEffects& effects) {
  if (effects.advance_epoch && current_ == entered_) {
    around_.outputs.push_back(
        ProposeEpoch{me_.task, me_.term, me_.generation, entered_});
  }
  if (effects.finish) {
    const ExitReason reason =
        effects.finish->code == 0 ? ExitReason::kFinished : ExitReason::kFailed;
    ExitStatus status = *effects.finish;
    Shorten(status.message);
    around_.outputs.push_back(
        ProposeEnd{me_.task, me_.term, {reason, std::move(status)}});
  }
  if (effects.retire) {
    Lose(0, "it retired");
    Leave(ExitReason::kSuperseded, {});
  }
}

// R5: incarnation, cause and failure count change in one transaction.
void ReplicaCore::Lose(std::uint32_t failures_added, std::string why) {
  const Assignment& now = around_.directory.of(me_.task);
  Assignment next = now;
  next.term = now.term + 1;
  next.incarnation = now.incarnation + 1;
  next.primary.clear();
  next.failures += failures_added;
  Shorten(why);
  next.last_error = std::move(why);
  around_.outputs.push_back(
      ProposeAssignments{{{me_.task, now, std::move(next)}}});
}

void ReplicaCore::Leave(ExitReason reason, const ExitStatus& status) {
  state_ = State::kLeaving;
  held_.clear();
  waits_.clear();
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
      ProposeEnd{me_.task,
                 me_.term,
                 {ExitReason::kFailed, {kFailedCode, std::move(why)}}});
  neighborhood_.Enter(std::make_shared<const NeighborLists>());
  queue_.clear();
}

void ReplicaCore::OnDeadline(Time now) {
  for (auto& [task, wait] : waits_) {
    if (!wait.waiting() || wait.until() > now) continue;
    wait.Resume();
    Flush(task);
  }
}

Time ReplicaCore::NextDeadline() const {
  Time next = kNever;
  for (const auto& [task, wait] : waits_) next = std::min(next, wait.until());
  return next;
}

}  // namespace taskgraph::core
