// SPDX-License-Identifier: Apache-2.0
#include "coordination/txn_rules.h"

#include <set>
#include <string>
#include <variant>
#include <vector>

namespace taskgraph::coordination {
namespace {

const std::string& FirstKey(const Put& put) { return put.key; }
const std::string& FirstKey(const Delete& removal) {
  return removal.range.begin;
}
const std::string& FirstKey(const Read& read) { return read.range.begin; }

bool HasEmptyKey(const std::vector<Op>& ops) {
  for (const Op& op : ops) {
    if (std::visit([](const auto& o) { return FirstKey(o).empty(); }, op)) {
      return true;
    }
  }
  return false;
}

std::size_t Bytes(const std::vector<Op>& ops) {
  std::size_t bytes = 0;
  for (const Op& op : ops) {
    if (const Put* put = std::get_if<Put>(&op)) {
      bytes += put->key.size() + put->value.size();
    }
  }
  return bytes;
}

// Two changes of one key in one revision would leave no order for watchers;
// deleting twice is one deletion, and harmless.
bool ChangesAKeyTwice(const std::vector<Op>& ops) {
  std::set<std::string> keys;
  for (const Op& op : ops) {
    const Put* put = std::get_if<Put>(&op);
    if (put && !keys.insert(put->key).second) return true;
  }
  for (const Op& op : ops) {
    const Delete* removal = std::get_if<Delete>(&op);
    if (!removal) continue;
    const auto first = keys.lower_bound(removal->range.begin);
    if (first != keys.end() && removal->range.Contains(*first)) return true;
  }
  return false;
}

}  // namespace

std::optional<Refusal> TxnRules::Check(const Txn& txn) const {
  for (const Compare& compare : txn.compares) {
    if (compare.key.empty()) return Refusal::kEmptyKey;
  }
  for (const std::vector<Op>* branch : {&txn.then, &txn.otherwise}) {
    if (branch->size() > operations_max) return Refusal::kTooManyOperations;
    if (HasEmptyKey(*branch)) return Refusal::kEmptyKey;
    if (ChangesAKeyTwice(*branch)) return Refusal::kDuplicateKey;
  }
  if (txn.compares.size() > operations_max) return Refusal::kTooManyOperations;
  if (Bytes(txn.then) + Bytes(txn.otherwise) > bytes_max) {
    return Refusal::kTooLarge;
  }
  return std::nullopt;
}

}  // namespace taskgraph::coordination
