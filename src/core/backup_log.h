// SPDX-License-Identifier: Apache-2.0
//
// BackupLog: a backup's copy of its task's records (R4, R20).
//
// Intuition: a copyist who never lets go of a page before he holds a better
// one. What all have is applied; what lies beyond is a tail that may still
// turn out to stand, so it is kept when the writer dies, and given up only for
// what the next writer puts in its place.
//
// Pure. Not thread-safe.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "core/turn_log.h"

namespace taskgraph::core {

class BackupLog {
 public:
  // A copy that has all records up to `applied`: none of a task that begins, or
  // those that a snapshot contains, which may not all stand yet. It follows the
  // primary of `term`.
  BackupLog(Term term, JoinNumber join, RecordNumber applied);

  // Its task has a new primary, and this replica is in-sync with it.
  void Follow(Term term);

  // Whether a snapshot of that stay is to take this copy's place: an earlier
  // one may come late.
  bool IsBefore(Term term, JoinNumber join) const {
    return term > term_ || (term == term_ && join > join_);
  }

  // What the primary sent; none: there is nothing to say, since it is not of
  // this term and stay. See broken().
  std::optional<LogAck> Take(const LogAppend& append);

  // The next record to be applied, in order; counts as applied. None: what is
  // held beyond is not known to be everywhere.
  std::optional<TurnRecord> NextToApply();

  // What is held and not applied: the new primary's own tail, if this replica
  // is promoted. All that any in-sync replica has seen take effect is applied
  // or in it.
  const std::deque<TurnRecord>& tail() const { return tail_; }
  RecordNumber applied() const { return applied_; }
  Term term() const { return term_; }
  JoinNumber join() const { return join_; }

  // The primary spoke of records as everybody's that this one never had: it is
  // no copy of the task, must not be used, and must not promote itself.
  bool broken() const { return broken_; }

  // All of its state, in a few words, for traces and tests.
  std::string Words() const;

 private:
  void Place(const TurnRecord& record);

  Term term_;
  JoinNumber join_;
  RecordNumber applied_;
  std::deque<TurnRecord> tail_;  // From applied_ + 1 on.
  RecordNumber held_;            // R4: up to it equal to the primary's log.
  RecordNumber committed_ = 0;
  Stamp stamp_ = 0;
  bool broken_ = false;
};

}  // namespace taskgraph::core
