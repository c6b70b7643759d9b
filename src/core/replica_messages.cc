// SPDX-License-Identifier: Apache-2.0
//
// ReplicaCore: messages, from the door to the books and out again.
#include <algorithm>
#include <type_traits>
#include <utility>

#include "core/replica_core.h"

namespace taskgraph::core {

void ReplicaCore::OnMessage(const NodeId& sender, Message&& message, Time now) {
  if (!active()) return;
  if (const auto* refusal = std::get_if<Refusal>(&message.body)) {
    TakeRefusal(message.route, *refusal, now);
  } else if (const Admission admission = Admit(sender, message);
             admission == Admission::kTake) {
    std::visit([&](auto& body) { Take(message.route, body); }, message.body);
  } else if (admission == Admission::kHold) {
    Hold(sender, std::move(message), now);
  }
  Pump();
}

ReplicaCore::Admission ReplicaCore::Admit(const NodeId& sender,
                                          const Message& message) {
  const Route& route = message.route;
  if (route.generation != me_.generation) {  // R5
    const bool ahead = route.generation > me_.generation;
    if (ahead && WillBeResent(message)) {
      Refuse(sender, route, ErrorCode::kUnavailable);
    }
    return Admission::kDrop;
  }
  const Assignment& speaker = around_.directory.of(route.from);
  const Term known = speaker.term;
  if (route.term < known) {  // R2
    Refuse(sender, route, ErrorCode::kSuperseded);
    return Admission::kDrop;
  }
  // A term has one primary: another node that speaks in it is no replica.
  if (route.term == known && sender != speaker.primary) return Admission::kDrop;
  if (route.to_term > me_.term) {  // R2
    Refuse(sender, route, ErrorCode::kMoved);
    OnSuperseded();
    return Admission::kDrop;
  }
  if (route.term > known) return Admission::kHold;  // R22
  if (route.epoch > entered())
    return Admission::kHold;      // R8: the future waits.
  if (route.epoch < entered()) {  // R8: the past is closed.
    if (WillBeResent(message)) Refuse(sender, route, ErrorCode::kEpochPassed);
    return Admission::kDrop;
  }
  return Admission::kTake;
}

// R8: at the bound the sender keeps it. What nobody would send again is
// dropped, as if it had been lost on the way: what it answers goes again.
void ReplicaCore::Hold(const NodeId& sender, Message&& message, Time now) {
  const TaskId from = message.route.from;
  if (held_.HasRoomFor(message, around_.options.limits)) {
    around_.followers.Follow(from, me_.replica);
    held_.Add(sender, std::move(message));
  } else if (WillBeResent(message)) {
    Refuse(sender, message.route, ErrorCode::kUnavailable);
  } else {
    Postpone(from, now);
  }
}

// What still can't be taken is held again, in the same order.
void ReplicaCore::Readmit() {
  for (Held<Message>& one : held_.TakeAll()) {
    if (!active()) return;
    Message& message = one.message;
    const Admission admission = Admit(one.sender, message);
    if (admission == Admission::kTake) {
      std::visit([&](auto& body) { Take(message.route, body); }, message.body);
    } else if (admission == Admission::kHold) {
      held_.Add(std::move(one.sender), std::move(message));
    }
  }
}

void ReplicaCore::Take(const Route& route, MetaMessage& meta) {
  const LimitOptions& limits = around_.options.limits;
  if (meta.number > limits.metas_per_epoch_max ||
      meta.text.size() > limits.meta_bytes_max) {
    return;  // Nobody of ours flags so much.
  }
  switch (books_.metas_heard.Arrive(route.from, route.incarnation, meta)) {
    case MetaInbox::Verdict::kNew:
      queue_.push_back(HearMeta{route.from, route.incarnation, meta.number,
                                std::move(meta.link), std::move(meta.text),
                                meta.occurrence});
      break;
    case MetaInbox::Verdict::kKnown:
      if (const MetaNumber done = books_.metas_heard.Acknowledged(route.from);
          done > 0) {
        Send(route.from, MetaAck{done, route.incarnation});
      }
      break;
    case MetaInbox::Verdict::kTooSoon:
      break;  // The sender has lost an earlier one and will begin there again.
  }
  if (!unheard_.empty()) QueueUnheard();
  TakeEarlyAnswers(route.from);
}

void ReplicaCore::Take(const Route& route, const MetaAck& ack) {
  if (ack.incarnation != me_.incarnation) return;
  books_.metas_sent.Acknowledge(route.from, ack.number);
  Encourage(route.from);
}

// R13: neighborhood before serving; the epoch was checked at the door, the
// method is checked by the task itself.
void ReplicaCore::Take(const Route& route, RequestMessage& request) {
  const RequestId& id = request.id;
  if (id.task != route.from || id.incarnation != route.incarnation ||
      id.epoch != route.epoch) {
    return;  // Nobody of ours writes such a message.
  }
  if (!around_.link_index.HasLink(route.from, me_.task, entered())) {
    Send(route.from,
         AnswerMessage{id, NotNeighbor(route.from, me_.task, entered()), {}});
    return;
  }
  const ServedRequests::Arrival arrival =
      books_.served.Arrive(request, around_.options.limits.open_requests_max);
  if (arrival.kind == ServedRequests::Arrival::Kind::kNew) {
    auto& serve = std::get<ServeRequest>(
        queue_.emplace_back(std::in_place_type<ServeRequest>));
    serve.id = id;
    serve.method = std::move(request.method);
    serve.input = std::move(request.input);
    serve.key = std::move(request.key);
    serve.first_unfinished = request.first_unfinished;
  } else if (arrival.kind == ServedRequests::Arrival::Kind::kAnswered) {
    Send(route.from, *arrival.answer);  // R14: the same answer again.
  } else if (arrival.kind == ServedRequests::Arrival::Kind::kFull) {
    Refuse(around_.directory.of(route.from).primary, route,
           ErrorCode::kUnavailable);
  }
}

void ReplicaCore::Take(const Route& route, AnswerMessage& answer) {
  const RequestId& id = answer.id;
  if (id.task != me_.task || id.incarnation != me_.incarnation ||
      id.epoch != entered()) {
    return;
  }
  if (!books_.requests.Awaits(route.from, id.number)) return;  // R12
  if (books_.metas_heard.Arrived(route.from, route.incarnation) <
      answer.after) {
    early_answers_.emplace(std::pair(route.from, id.number), std::move(answer));
  } else {
    TakeAnswer(route.from, answer);
  }
}

// What the neighbor said before its answer came after it, on another pipe.
void ReplicaCore::TakeEarlyAnswers(TaskId from) {
  const MetaNumber arrived =
      books_.metas_heard.Arrived(from, around_.directory.of(from).incarnation);
  auto it = early_answers_.lower_bound({from, 0});
  while (it != early_answers_.end() && it->first.first == from) {
    if (arrived < it->second.after) {
      ++it;
    } else {
      TakeAnswer(from, it->second);
      it = early_answers_.erase(it);
    }
  }
}

void ReplicaCore::TakeAnswer(TaskId from, AnswerMessage& answer) {
  const RequestId& id = answer.id;
  std::optional<OpenRequests::Asked> asked = books_.requests.Settle(id.number);
  if (!asked) return;  // R12: answered before.
  Encourage(from);
  const Precedence place{answer.after, around_.directory.of(from).incarnation};
  if (answer.error) {
    queue_.emplace_back(
        HearFailure{{id.number, asked->of, std::move(asked->method),
                     *std::move(answer.error)},
                    place});
  } else {
    auto& data =
        std::get<TakeData>(queue_.emplace_back(std::in_place_type<TakeData>));
    data.number = id.number;
    data.from = from;
    data.method = std::move(asked->method);
    data.output = std::move(answer.output);
    data.place = place;
  }
}

// What the predecessor's task had not heard yet. Metas that came before it come
// again; those of an incarnation that is gone do not.
void ReplicaCore::QueueUnheard() {
  for (Cause& cause : std::exchange(unheard_, {})) {
    const auto* data = std::get_if<TakeData>(&cause);
    const auto* failure = std::get_if<HearFailure>(&cause);
    const TaskId from = data != nullptr ? data->from : failure->failed.to;
    const Precedence& place = data != nullptr ? data->place : failure->place;
    if (books_.metas_heard.Arrived(from, place.incarnation) < place.after &&
        around_.directory.of(from).incarnation <= place.incarnation) {
      unheard_.push_back(std::move(cause));
    } else {
      queue_.push_back(std::move(cause));
    }
  }
}

void ReplicaCore::Take(const Route&, const Refusal&) {}  // See TakeRefusal.

// R13: what was unavailable or has moved is tried again by itself.
void ReplicaCore::TakeRefusal(const Route& route, const Refusal& refusal,
                              Time now) {
  switch (refusal.code) {
    case ErrorCode::kSuperseded:
      if (refusal.term > me_.term) OnSuperseded();  // R2
      break;
    case ErrorCode::kMoved:
    case ErrorCode::kUnavailable:
      Postpone(route.from, now);
      break;
    default:
      break;  // kEpochPassed: the route's epoch has been learned already.
  }
}

// To the node that spoke, which may not be the task's present one.
void ReplicaCore::Refuse(const NodeId& sender, const Route& route,
                         ErrorCode code) {
  const Assignment& known = around_.directory.of(route.from);
  Post(sender, {{me_.task, route.from, me_.incarnation, me_.term, known.term,
                 entered(), me_.generation},
                Refusal{code, known.term}});
}

void ReplicaCore::Send(TaskId to, const MetaAck& ack) {
  Build<MetaAck>(to, [&](MetaAck& message) { message = ack; });
}

void ReplicaCore::Send(TaskId to, const AnswerMessage& answer) {
  Build<AnswerMessage>(to, [&](AnswerMessage& message) { message = answer; });
}

// Messages are large, and come in great numbers: `fill` writes one where it
// will be.
template <typename T, typename Fill>
void ReplicaCore::Build(TaskId to, Fill fill) {
  if (log_) {
    Letter letter{to, Body(std::in_place_type<T>)};
    fill(std::get<T>(letter.body));
    Depart(std::move(letter));
  } else if (Message* message = Address(to)) {
    fill(message->body.emplace<T>());
  }
}

void ReplicaCore::Carry(Letter& letter) {
  if (Message* message = Address(letter.to)) {
    message->body = std::move(letter.body);
  }
}

// To the addressee's present primary; where there is none (null), whatever must
// arrive is kept in the books and sent when there is one.
Message* ReplicaCore::Address(TaskId to) {
  const Assignment& target = around_.directory.of(to);
  if (!target.HasPrimary()) return nullptr;
  Message* message = nullptr;
  if (target.primary == around_.self) {
    message = &around_.local.emplace_back();
  } else {
    auto& order = std::get<SendMessage>(
        around_.outputs.emplace_back(std::in_place_type<SendMessage>));
    order.to = target.primary;
    message = &std::get<Message>(order.message);
  }
  message->route = {me_.task,    to,        me_.incarnation, me_.term,
                    target.term, entered(), me_.generation};
  return message;
}

void ReplicaCore::Post(const NodeId& node, Message&& message) {
  if (node == around_.self) {
    around_.local.push_back(std::move(message));
  } else {
    around_.outputs.push_back(SendMessage{node, std::move(message)});
  }
}

// Sends what waits for `to`, in the order in which it was made.
void ReplicaCore::Flush(TaskId to) {
  if (!around_.directory.of(to).HasPrimary()) return;
  const auto wait = waits_.find(to);
  if (wait != waits_.end() && wait->second.waiting()) return;
  while (const MetaMessage* meta = books_.metas_sent.NextUnsent(to)) {
    Build<MetaMessage>(to, [&](MetaMessage& message) { message = *meta; });
  }
  while (const MakeRequest* request = books_.requests.NextUnsent(to)) {
    Build<RequestMessage>(to, [&](RequestMessage& message) {
      message.id = {me_.task, me_.incarnation, entered(), request->number};
      message.first_unfinished = books_.requests.first_unfinished();
      message.method = request->method;
      message.key = request->key;
      message.input = request->input;
    });
  }
}

void ReplicaCore::OnPeerLost(const NodeId& node, Time now) {
  if (!active()) return;
  InterruptLog(node, now);
  for (TaskId task : books_.neighborhood.tasks()) {
    if (around_.directory.of(task).primary == node) Postpone(task, now);
  }
}

// What is under way to `to` may be lost, or was refused: it goes again, a
// little later.
void ReplicaCore::Postpone(TaskId to, Time now) {
  if (!books_.metas_sent.HasUnacknowledged(to) &&
      !books_.requests.HasUnanswered(to))
    return;
  books_.metas_sent.Rewind(to);
  books_.requests.Rewind(to);
  waits_.try_emplace(to, around_.options.failure).first->second.Wait(now);
}

// It answers: the next wait is a short one.
void ReplicaCore::Encourage(TaskId task) {
  const auto wait = waits_.find(task);
  if (wait != waits_.end()) wait->second.Encourage();
}

}  // namespace taskgraph::core
