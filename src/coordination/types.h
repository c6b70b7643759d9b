// SPDX-License-Identifier: Apache-2.0
//
// The coordinator's words, in etcd's model: one history of revisions of a flat
// map from keys to values; transactions compare, then change; watches replay
// the history; leases end keys whose owner fell silent.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace taskgraph::coordination {

// Time since a start that is the same for all calls to one store; monotonic.
using Time = std::chrono::nanoseconds;

// Counts changes of the whole store; the empty store is at 1, as in etcd.
using Revision = std::int64_t;

// 0: no lease.
using LeaseId = std::int64_t;

struct KeyValue {
  std::string key;
  std::string value;
  Revision create_revision = 0;
  Revision mod_revision = 0;
  // Changes since its creation; 0 only where deleted.
  std::int64_t version = 0;
  LeaseId lease = 0;

  friend bool operator==(const KeyValue&, const KeyValue&) = default;
};

// Keys in [begin, end). One key: end is empty. All from `begin` on: end is
// "\0".
struct KeyRange {
  std::string begin;
  std::string end;

  static KeyRange One(std::string key) { return {std::move(key), {}}; }
  static KeyRange Prefix(const std::string& prefix);
  static KeyRange All();
  bool is_one_key() const { return end.empty(); }
  bool is_open_ended() const { return end.size() == 1 && end[0] == '\0'; }
  bool Contains(const std::string& key) const;

  friend bool operator==(const KeyRange&, const KeyRange&) = default;
};

// A condition on one key. A missing key has version, create and mod revision 0,
// and fails every comparison of values.
struct Compare {
  enum class Target : std::uint8_t {
    kVersion,
    kCreateRevision,
    kModRevision,
    kValue
  };
  enum class Relation : std::uint8_t { kEqual, kGreater, kLess, kNotEqual };

  std::string key;
  Target target = Target::kVersion;
  Relation relation = Relation::kEqual;
  std::int64_t number = 0;  // For versions and revisions.
  std::string value;        // For values.

  static Compare Absent(std::string key) {
    return {std::move(key), Target::kVersion, Relation::kEqual, 0, {}};
  }
  static Compare ValueIs(std::string key, std::string value) {
    return {std::move(key), Target::kValue, Relation::kEqual, 0,
            std::move(value)};
  }
  static Compare ModRevisionIs(std::string key, Revision revision) {
    return {
        std::move(key), Target::kModRevision, Relation::kEqual, revision, {}};
  }
};

struct Put {
  std::string key;
  std::string value;
  LeaseId lease = 0;
};

struct Delete {
  KeyRange range;
};

struct Read {
  KeyRange range;
  std::int64_t limit = 0;  // 0: none.
  Revision revision = 0;   // 0: now.
};

using Op = std::variant<Put, Delete, Read>;

// Applies `then` if all of `compares` hold, else `otherwise`, at one revision.
// At most 128 operations; no key may be changed twice.
struct Txn {
  std::vector<Compare> compares;
  std::vector<Op> then;
  std::vector<Op> otherwise;
};

struct ReadReply {
  std::vector<KeyValue> found;  // In the order of keys.
  std::int64_t count = 0;       // Also of those past the limit.
};
struct PutReply {};
struct DeleteReply {
  std::int64_t deleted = 0;
};
using OpReply = std::variant<PutReply, DeleteReply, ReadReply>;

struct TxnReply {
  bool succeeded = false;  // Which branch was applied.
  Revision revision = 0;
  std::vector<OpReply> replies;  // One for each operation of that branch.
};

// One change as a watcher sees it. For a deletion, `current` has only key and
// mod_revision.
struct Change {
  enum class Kind : std::uint8_t { kPut, kDelete };
  Kind kind = Kind::kPut;
  KeyValue current;

  friend bool operator==(const Change&, const Change&) = default;
};

}  // namespace taskgraph::coordination
