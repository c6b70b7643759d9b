// SPDX-License-Identifier: Apache-2.0
#include "coordination/history.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace taskgraph::coordination {
namespace {

// What a version takes besides its key and value, about: so that a million tiny
// ones count for what they are.
constexpr std::size_t kVersionBytes = 128;

std::int64_t BytesOf(const std::string& key, const std::string& value) {
  return static_cast<std::int64_t>(kVersionBytes + key.size() + value.size());
}
std::int64_t BytesOf(const Change& change) {
  return BytesOf(change.current.key, change.current.value);
}

}  // namespace

const KeyValue* History::At(const Versions& versions, Revision at) {
  for (auto record = versions.rbegin(); record != versions.rend(); ++record) {
    const Change& change = **record;
    if (change.current.mod_revision > at) continue;
    return change.kind == Change::Kind::kPut ? &change.current : nullptr;
  }
  return nullptr;
}

const KeyValue* History::Find(const std::string& key) const {
  return FindAt(key, revision_);
}

const KeyValue* History::FindAt(const std::string& key, Revision at) const {
  const auto found = keys_.find(key);
  return found == keys_.end() ? nullptr : At(found->second, at);
}

void History::Visit(const KeyRange& range, Revision at,
                    const Visitor& visit) const {
  for (auto it = keys_.lower_bound(range.begin);
       it != keys_.end() && range.Contains(it->first); ++it) {
    if (const KeyValue* found = At(it->second, at)) visit(*found);
  }
}

std::int64_t History::Bytes(const coordination::Put& put) {
  return BytesOf(put.key, put.value);
}

void History::Put(const coordination::Put& put, Revision at) {
  const KeyValue* before = Find(put.key);
  Change change;
  change.current.key = put.key;
  change.current.value = put.value;
  change.current.create_revision = before ? before->create_revision : at;
  change.current.mod_revision = at;
  change.current.version = before ? before->version + 1 : 1;
  change.current.lease = put.lease;
  Append(std::move(change));
}

void History::Delete(const std::string& key, Revision at) {
  Change change;
  change.kind = Change::Kind::kDelete;
  change.current.key = key;
  change.current.mod_revision = at;
  Append(std::move(change));
}

void History::Append(Change change) {
  revision_ = change.current.mod_revision;
  bytes_ += BytesOf(change);
  auto record = std::make_shared<const Change>(std::move(change));
  keys_[record->current.key].push_back(record);
  log_.push_back(std::move(record));
}

Outcome<std::vector<RevisionChanges>> History::Changes(const KeyRange& range,
                                                       Revision from) const {
  if (from < compacted_) return Refusal::kCompacted;
  std::vector<RevisionChanges> answer;
  auto record = std::lower_bound(log_.begin(), log_.end(), from,
                                 [](const Record& r, Revision wanted) {
                                   return r->current.mod_revision < wanted;
                                 });
  for (; record != log_.end(); ++record) {
    const KeyValue& current = (*record)->current;
    if (!range.Contains(current.key)) continue;
    if (answer.empty() || answer.back().revision != current.mod_revision) {
      answer.push_back({current.mod_revision, {}});
    }
    answer.back().changes.push_back(**record);
  }
  return answer;
}

Outcome<Revision> History::Compact(Revision at) {
  if (at <= compacted_) return Refusal::kCompacted;
  if (at > revision_) return Refusal::kFutureRevision;
  compacted_ = at;
  // Only keys that these pages name can have versions to forget. The page `at`
  // itself stays in the log: a watch may begin there.
  std::set<std::string> touched;
  for (const Record& record : log_) {
    if (record->current.mod_revision > at) break;
    touched.insert(record->current.key);
  }
  while (!log_.empty() && log_.front()->current.mod_revision < at) {
    log_.pop_front();
  }
  for (const std::string& key : touched) {
    const auto found = keys_.find(key);
    if (found == keys_.end()) continue;
    Summarize(found->second);
    if (found->second.empty()) keys_.erase(found);
  }
  return revision_;
}

// Leaves, of the versions up to the compaction, only the one in force there.
void History::Summarize(Versions& versions) {
  auto past =
      std::find_if(versions.begin(), versions.end(), [&](const Record& record) {
        return record->current.mod_revision > compacted_;
      });
  if (past != versions.begin()) {
    const Change& last = **std::prev(past);
    if (last.kind == Change::Kind::kPut) --past;
  }
  for (auto it = versions.begin(); it != past; ++it) bytes_ -= BytesOf(**it);
  versions.erase(versions.begin(), past);
}

}  // namespace taskgraph::coordination
