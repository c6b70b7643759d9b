// SPDX-License-Identifier: Apache-2.0
#include "core/served_requests.h"

#include <algorithm>

namespace taskgraph::core {

void ServedRequests::Clear() {
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
  Record* const record = ledger->records.Find(answer.id.number);
  if (record == nullptr || record->answered) return {};
  record->answered = true;
  --ledger->open;
  record->answer = std::move(answer);
  return {&record->answer, std::exchange(record->also_waiting, {})};
}

std::vector<RequestId> ServedRequests::Unanswered() const {
  std::vector<RequestId> ids;
  for (const auto& [requester, ledger] : ledgers_) {
    ledger.records.ForEach([&](RequestNumber, const Record& record) {
      if (!record.answered) ids.push_back(record.answer.id);
    });
  }
  return ids;
}

void ServedRequests::Forget(const RequestId& id) {
  Ledger* ledger = FindLedger(id);
  if (ledger == nullptr) return;
  const Record* const record = ledger->records.Find(id.number);
  if (record == nullptr) return;
  if (record->key) by_key_.erase(*record->key);
  if (!record->answered) --ledger->open;
  ledger->records.Erase(id.number);
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
  Record* const known = ledger.records.Find(id.number);
  if (known == nullptr) ++ledger.open;
  Record& record = known ? *known : ledger.records.Add(id.number);
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
  return holder->records.Find(number);
}

// Records with a key stay until the epoch ends: a requester that restarts
// before its own turn is safe may still ask for them (R14). So do unanswered
// ones: the requester has withdrawn them, but the task holds their tokens.
void ServedRequests::Prune(Ledger& ledger, RequestNumber first_unfinished) {
  if (first_unfinished <= ledger.first_unfinished) return;
  ledger.records.EraseIf(
      std::exchange(ledger.first_unfinished, first_unfinished),
      first_unfinished,
      [](const Record& record) { return !record.key && record.answered; });
}

}  // namespace taskgraph::core
