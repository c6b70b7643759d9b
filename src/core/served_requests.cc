// SPDX-License-Identifier: Apache-2.0
#include "core/served_requests.h"

#include <algorithm>

namespace taskgraph::core {

void ServedRequests::Clear() {
  records_.clear();
  by_key_.clear();
}

ServedRequests::Arrival ServedRequests::Arrive(const RequestMessage& request) {
  const Requester requester{request.id.task, request.id.incarnation};
  Prune(requester, request.first_unfinished);
  Record* record = Find(request);
  if (record == nullptr) {
    Open(request);
    return {Arrival::Kind::kNew};
  }
  if (record->answered) {
    repeated_ = record->answer;
    repeated_.id = request.id;
    return {Arrival::Kind::kAnswered, &repeated_};
  }
  auto& waiting = record->waiting;
  if (std::find(waiting.begin(), waiting.end(), request.id) == waiting.end()) {
    waiting.push_back(request.id);
  }
  return {Arrival::Kind::kInProgress};
}

std::vector<AnswerMessage> ServedRequests::Answer(const RequestId& token,
                                                  std::optional<Error> error,
                                                  Payload output) {
  const auto of_requester = records_.find({token.task, token.incarnation});
  if (of_requester == records_.end()) return {};
  const auto found = of_requester->second.find(token.number);
  if (found == of_requester->second.end() || found->second.answered) return {};
  Record& record = found->second;
  record.answered = true;
  record.answer = {token, std::move(error), std::move(output)};
  std::vector<AnswerMessage> answers;
  for (const RequestId& id : std::exchange(record.waiting, {})) {
    answers.push_back(record.answer);
    answers.back().id = id;
  }
  return answers;
}

ServedRequests::Record& ServedRequests::Open(const RequestMessage& request) {
  const RequestId& id = request.id;
  Record& record = records_[{id.task, id.incarnation}][id.number];
  record.waiting = {id};
  if (!request.key.empty()) {
    record.key = Key{id.task, request.method, request.key};
    by_key_[*record.key] = id;
  }
  return record;
}

ServedRequests::Record* ServedRequests::Find(const RequestMessage& request) {
  RequestId id = request.id;
  if (!request.key.empty()) {
    const auto first = by_key_.find({id.task, request.method, request.key});
    if (first == by_key_.end()) return nullptr;
    id = first->second;
  }
  const auto of_requester = records_.find({id.task, id.incarnation});
  if (of_requester == records_.end()) return nullptr;
  const auto found = of_requester->second.find(id.number);
  return found == of_requester->second.end() ? nullptr : &found->second;
}

// Records with a key stay until the epoch ends: a requester that restarts
// before its own turn is safe may still ask for them (R14).
void ServedRequests::Prune(const Requester& requester,
                           RequestNumber first_unfinished) {
  const auto of_requester = records_.find(requester);
  if (of_requester == records_.end()) return;
  auto& records = of_requester->second;
  for (auto it = records.begin();
       it != records.end() && it->first < first_unfinished;) {
    it = it->second.key || !it->second.answered ? std::next(it)
                                                : records.erase(it);
  }
}

}  // namespace taskgraph::core
