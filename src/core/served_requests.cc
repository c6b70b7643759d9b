// SPDX-License-Identifier: Apache-2.0
#include "core/served_requests.h"

#include <algorithm>

namespace taskgraph::core {

void ServedRequests::Clear() {
  for (auto& [requester, ledger] : ledgers_) {
    spare_records_.Clear(ledger.records);
  }
  spare_ledgers_.Clear(ledgers_);
  by_key_.clear();
}

ServedRequests::Arrival ServedRequests::Arrive(const RequestMessage& request,
                                               std::size_t open_max) {
  Ledger& ledger = LedgerOf({request.id.task, request.id.incarnation});
  Prune(ledger, request.first_unfinished);
  Record* record = Find(ledger, request);
  if (record == nullptr) {
    // A large input may be overtaken by later, smaller ones, and come again
    // when its record is gone.
    if (request.id.number < ledger.first_unfinished) {
      return {Arrival::Kind::kForgotten};
    }
    if (ledger.open >= open_max) return {Arrival::Kind::kFull};
    Open(ledger, request);
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
  Ledger& ledger = LedgerOf({request.id.task, request.id.incarnation});
  Prune(ledger, request.first_unfinished);
  if (Find(ledger, request) == nullptr) Open(ledger, request);
}

ServedRequests::Answered ServedRequests::Answer(AnswerMessage&& answer) {
  Ledger* ledger = FindLedger(answer.id);
  if (ledger == nullptr) return {};
  const auto found = ledger->records.find(answer.id.number);
  if (found == ledger->records.end() || found->second.answered) return {};
  Record& record = found->second;
  record.answered = true;
  --ledger->open;
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
  Ledger* ledger = FindLedger(id);
  if (ledger == nullptr) return;
  const auto record = ledger->records.find(id.number);
  if (record == ledger->records.end()) return;
  if (record->second.key) by_key_.erase(*record->second.key);
  if (!record->second.answered) --ledger->open;
  spare_records_.Erase(ledger->records, record);
}

ServedRequests::Ledger& ServedRequests::LedgerOf(const Requester& requester) {
  auto at = ledgers_.lower_bound(requester);
  if (at == ledgers_.end() || at->first != requester) {
    at = spare_ledgers_.Insert(ledgers_, at, requester);
  }
  return at->second;
}

ServedRequests::Ledger* ServedRequests::FindLedger(const RequestId& id) {
  const auto ledger = ledgers_.find({id.task, id.incarnation});
  return ledger == ledgers_.end() ? nullptr : &ledger->second;
}

ServedRequests::Record& ServedRequests::Open(Ledger& ledger,
                                             const RequestMessage& request) {
  const RequestId& id = request.id;
  auto at = ledger.records.lower_bound(id.number);
  if (at == ledger.records.end() || at->first != id.number) {
    at = spare_records_.Insert(ledger.records, at, id.number);
    ++ledger.open;
  }
  Record& record = at->second;
  record.answer.id = id;
  if (!request.key.empty()) {
    record.key =
        std::make_unique<const Key>(id.task, request.method, request.key);
    by_key_[*record.key] = id;
  }
  return record;
}

// `ledger`: its requester's.
ServedRequests::Record* ServedRequests::Find(Ledger& ledger,
                                             const RequestMessage& request) {
  RequestNumber number = request.id.number;
  Ledger* holder = &ledger;
  if (!request.key.empty()) {
    const auto first =
        by_key_.find({request.id.task, request.method, request.key});
    if (first == by_key_.end()) return nullptr;
    number = first->second.number;
    holder = FindLedger(first->second);
    if (holder == nullptr) return nullptr;
  }
  const auto found = holder->records.find(number);
  return found == holder->records.end() ? nullptr : &found->second;
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
    it = stays ? std::next(it) : spare_records_.Erase(records, it);
  }
}

}  // namespace taskgraph::core
