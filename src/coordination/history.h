// SPDX-License-Identifier: Apache-2.0
//
// History: every key's versions, and the log of all changes, from a compaction
// to now.
//
// Intuition: a book in which nothing is erased. Each page is a revision; an
// index leads from a key to the pages that name it. Whoever remembers a page
// number can read on from there, or read the map as it was. Compaction tears
// out the first pages, and keeps a summary of what held on the last of them.
//
// Pure, not thread-safe; owned by Store.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "coordination/refusal.h"
#include "coordination/types.h"

namespace taskgraph::coordination {

// All changes of one revision, in the order made.
struct RevisionChanges {
  Revision revision = 0;
  std::vector<Change> changes;
};

class History {
 public:
  Revision revision() const { return revision_; }

  // The oldest revision that can be read, or watched from; 0: all.
  Revision compacted() const { return compacted_; }

  // Bytes held, old versions included.
  std::int64_t bytes() const { return bytes_; }
  // What a change adds to them.
  static std::int64_t Bytes(const coordination::Put& put);

  // `key` as it is, or as it was at `at`; null if it did not exist. Valid until
  // the next change.
  const KeyValue* Find(const std::string& key) const;
  const KeyValue* FindAt(const std::string& key, Revision at) const;

  // Visits what existed in `range` at `at`, in the order of keys.
  using Visitor = std::function<void(const KeyValue&)>;
  void Visit(const KeyRange& range, Revision at, const Visitor& visit) const;

  // Records a change at `at`, which must be this revision or the next one.
  void Put(const coordination::Put& put, Revision at);
  void Delete(const std::string& key, Revision at);

  // What changed in `range` from revision `from` on, one entry a revision.
  // Refused if `from` was compacted away; from a future revision: nothing yet.
  Outcome<std::vector<RevisionChanges>> Changes(const KeyRange& range,
                                                Revision from) const;

  // Forgets what was overwritten or deleted before `at`, which must lie between
  // the last compaction and now.
  Outcome<Revision> Compact(Revision at);

 private:
  using Record = std::shared_ptr<const Change>;
  using Versions = std::vector<Record>;  // Of one key, oldest first.

  static const KeyValue* At(const Versions& versions, Revision at);
  void Append(Change change);
  void Summarize(Versions& versions);

  Revision revision_ = 1;
  Revision compacted_ = 0;
  std::int64_t bytes_ = 0;
  std::map<std::string, Versions> keys_;
  std::deque<Record> log_;
};

}  // namespace taskgraph::coordination
