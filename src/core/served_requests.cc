// SPDX-License-Identifier: Apache-2.0
#include "core/served_requests.h"

#include <algorithm>

namespace taskgraph::core {

void ServedRequests::Clear() {
  ledgers_.clear();
  by_key_.clear();
}

ServedRequests::Arrival ServedRequests::Arrive(const RequestMessage& request,
                                               std::size_t open_max) {
  Ledger& ledger = ledgers_[{request.id.task, request.id.incarnation}];
  Prune(ledger, request.first_unfinished);
  Record* record = Find(request);
  if (record == nullptr) {
    // A large input may be overtaken by later, smaller ones, and come again
    // when its record is gone.
    if (request.id.number < ledger.first_unfinished) {
      return {Arrival::Kind::kForgotten};
    }
    if (ledger.open >= open_max) return {Arrival::Kind::kFull};
    Open(request);
    return {Arrival::Kind::kNew};
  }
  if (record->answered) {
    AnswerMessage repeated = record->answer;
    repeated.id = request.id;
    return {Arrival::Kind::kAnswered, std::move(repeated)};
  }
  auto& also = record->also_waiting;
  if (record->answer.id != request.id &&
      std::find(also.begin(), also.end(), request.id) == also.end()) {
    if (also.size() >= open_max) return {Arrival::Kind::kFull};
    also.push_back(request.id);
  }
  return {Arrival::Kind::kInProgress};
}

void ServedRequests::Note(const RequestMessage& request) {
  Prune(ledgers_[{request.id.task, request.id.incarnation}],
        request.first_unfinished);
  if (Find(request) == nullptr) Open(request);
}

ServedRequests::Answered ServedRequests::Answer(AnswerMessage&& answer) {
  Record* found = FindById(answer.id);
  if (found == nullptr || found->answered) return {};
  Record& record = *found;
  record.answered = true;
  --ledgers_[{answer.id.task, answer.id.incarnation}].open;
  record.answer = std::move(answer);
  return {&record.answer, std::exchange(record.also_waiting, {})};
}

std::vector<RequestId> ServedRequests::Unanswered() const {
  std::vector<RequestId> ids;
  for (const auto& [requester, ledger] : ledgers_) {
    for (const auto& [number, record] : ledger.records) {
      if (!record.answered) ids.push_back(record.answer.id);
    }
  }
  return ids;
}

void ServedRequests::Forget(const RequestId& id) {
  const auto ledger = ledgers_.find({id.task, id.incarnation});
  if (ledger == ledgers_.end()) return;
  const auto record = ledger->second.records.find(id.number);
  if (record == ledger->second.records.end()) return;
  if (record->second.key) by_key_.erase(*record->second.key);
  if (!record->second.answered) --ledger->second.open;
  ledger->second.records.erase(record);
}

ServedRequests::Record& ServedRequests::Open(const RequestMessage& request) {
  const RequestId& id = request.id;
  Ledger& ledger = ledgers_[{id.task, id.incarnation}];
  const auto [at, is_new] = ledger.records.try_emplace(id.number);
  if (is_new) ++ledger.open;
  Record& record = at->second;
  record.answer.id = id;
  if (!request.key.empty()) {
    record.key =
        std::make_unique<const Key>(id.task, request.method, request.key);
    by_key_[*record.key] = id;
  }
  return record;
}

ServedRequests::Record* ServedRequests::Find(const RequestMessage& request) {
  if (request.key.empty()) return FindById(request.id);
  const auto first =
      by_key_.find({request.id.task, request.method, request.key});
  return first == by_key_.end() ? nullptr : FindById(first->second);
}

ServedRequests::Record* ServedRequests::FindById(const RequestId& id) {
  const auto ledger = ledgers_.find({id.task, id.incarnation});
  if (ledger == ledgers_.end()) return nullptr;
  const auto found = ledger->second.records.find(id.number);
  return found == ledger->second.records.end() ? nullptr : &found->second;
}

// Records with a key stay until the epoch ends: a requester that restarts
// before its own turn is safe may still ask for them (R14). So do unanswered
// ones: the requester has withdrawn them, but the task holds their tokens.
void ServedRequests::Prune(Ledger& ledger, RequestNumber first_unfinished) {
  if (first_unfinished <= ledger.first_unfinished) return;
  auto& records = ledger.records;
  auto it = records.lower_bound(
      std::exchange(ledger.first_unfinished, first_unfinished));
  while (it != records.end() && it->first < first_unfinished) {
    const bool stays = it->second.key || !it->second.answered;
    it = stays ? std::next(it) : records.erase(it);
  }
}

}  // namespace taskgraph::core
