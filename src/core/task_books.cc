// SPDX-License-Identifier: Apache-2.0
#include "core/task_books.h"

#include <utility>

namespace taskgraph::core {
namespace {

constexpr std::size_t kReasonBytesMax = 16 * 1024;

}  // namespace

Error NotNeighbor(TaskId from, TaskId to, Epoch epoch) {
  return {ErrorCode::kNotNeighbor,
          "task " + std::to_string(from) + " has no link to task " +
              std::to_string(to) + " in epoch " + std::to_string(epoch)};
}

void Shorten(std::string& reason) {
  if (reason.size() <= kReasonBytesMax) return;
  std::size_t end = kReasonBytesMax;  // Not within a character of UTF-8.
  while (end > 0 && (reason[end] & 0xC0) == 0x80) --end;
  reason.resize(end);
  reason += "...";
}

bool TaskBooks::Enter(Epoch epoch, SharedLists lists) {
  entered = epoch;
  advance = false;
  metas_sent.Clear();
  metas_heard.Clear();
  requests.Clear();
  served.Clear();
  return neighborhood.Enter(std::move(lists));
}

void TaskBooks::Apply(std::vector<Effect>&& effects, Clerk& clerk) {
  for (Effect& effect : effects) {
    std::visit([&](auto& one) { Apply(std::move(one), clerk); }, effect);
  }
}

void TaskBooks::Apply(FlagMeta&& flag, Clerk& clerk) {
  const auto found = neighborhood.lists()->find(flag.link);
  if (found == neighborhood.lists()->end()) return;  // Turn refuses it before.
  metas_sent.Flag(flag.link, std::move(flag.text), found->second);
  for (TaskId to : found->second) clerk.Flush(to);
}

void TaskBooks::Apply(MakeRequest&& request, Clerk& clerk) {
  const TaskId to = request.to;
  const RequestNumber number = request.number;
  requests.Make(std::move(request));
  if (neighborhood.IsNeighbor(to)) {
    clerk.Flush(to);
  } else {  // R13
    Fail(number, NotNeighbor(task, to, entered), clerk);
  }
}

void TaskBooks::Apply(const CancelRequest& cancel, Clerk& clerk) {
  Fail(cancel.number, {ErrorCode::kCancelled, "withdrawn by the task"}, clerk);
}

void TaskBooks::Fail(RequestNumber number, Error error, Clerk& clerk) {
  std::optional<OpenRequests::Asked> asked = requests.Settle(number);
  if (!asked) return;
  clerk.Tell(HearFailure{
      {number, asked->of, std::move(asked->method), std::move(error)}});
}

void TaskBooks::Apply(GiveAnswer&& answer, Clerk& clerk) {
  if (answer.id.epoch != entered) return;  // R9: the token is void.
  if (answer.error) Shorten(answer.error->message);
  const TaskId asked_by = answer.id.task;
  const ServedRequests::Answered answered =
      served.Answer({answer.id, std::move(answer.error),
                     std::move(answer.output), metas_sent.CountFor(asked_by)});
  if (answered.answer == nullptr) return;
  clerk.Send(asked_by, *answered.answer);
  for (const RequestId& id : answered.also) {
    AnswerMessage same = *answered.answer;
    same.id = id;
    clerk.Send(asked_by, std::move(same));
  }
}

void TaskBooks::Conclude(const Cause& cause, Clerk& clerk) {
  if (const auto* meta = std::get_if<HearMeta>(&cause)) {  // R10
    metas_heard.Heard(meta->from, meta->incarnation, meta->number);
    clerk.Send(meta->from, MetaAck{metas_heard.Acknowledged(meta->from),
                                   meta->incarnation});
  } else if (const auto* data = std::get_if<TakeData>(&cause)) {  // R14
    requests.Finish(data->number);
  } else if (const auto* failure = std::get_if<HearFailure>(&cause)) {
    requests.Finish(failure->failed.number);
  } else if (std::holds_alternative<EnterEpoch>(cause)) {  // R7
    expected = entered + 1;
  } else if (std::holds_alternative<InitTask>(cause)) {
    initialized = true;
  } else if (const auto* lost = std::get_if<NeighborLost>(&cause)) {  // R22
    neighborhood.Told(*lost);
  } else if (const auto* back = std::get_if<NeighborBack>(&cause)) {
    neighborhood.Told(*back);
  }
}

void TaskBooks::Replay(TurnContent&& turn, Clerk& clerk) {
  for (const Acquaintance& met : turn.met) neighborhood.Meet(met);
  NoteArrival(turn.cause);
  advance = advance || turn.effects.advance_epoch;
  if (turn.effects.finish && !finish) finish = std::move(turn.effects.finish);
  Apply(std::move(turn.effects.ordered), clerk);
  Conclude(turn.cause, clerk);
}

void TaskBooks::NoteArrival(const Cause& cause) {
  if (const auto* meta = std::get_if<HearMeta>(&cause)) {
    metas_heard.Skip(meta->from, meta->incarnation,
                     {meta->number, meta->occurrence, meta->link, meta->text});
  } else if (const auto* request = std::get_if<ServeRequest>(&cause)) {
    RequestMessage message;
    message.id = request->id;
    message.first_unfinished = request->first_unfinished;
    message.method = request->method;
    message.key = request->key;
    served.Note(message);
  } else if (const auto* data = std::get_if<TakeData>(&cause)) {
    requests.Settle(data->number);
  } else if (const auto* failure = std::get_if<HearFailure>(&cause)) {
    requests.Settle(failure->failed.number);
  }
}

}  // namespace taskgraph::core
