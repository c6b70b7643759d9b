// SPDX-License-Identifier: Apache-2.0
//
// PrimaryLog: a primary's records, who has them, and what may leave (R15, R16,
// R19, R20).
//
// Intuition: a writer who reads a page out only when every copyist that counts
// has it. Who counts is written in the store. While a change of that is under
// way, both those who counted and those who may count now are waited for; so a
// wrong belief costs time and nothing else. A turn that wrote nothing waits
// for a word from each copyist all the same: they would not give it to a writer
// who was replaced.
//
// Pure. Not thread-safe.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/turn_log.h"

namespace taskgraph::core {

class PrimaryLog {
 public:
  // A primary that begins in `term` with the backups `in_sync`. It has applied
  // all up to `base`, and holds `tail`, which may have taken effect as well
  // (see BackupLog::tail).
  PrimaryLog(Term term, const Replicas& in_sync, RecordNumber base,
             std::deque<TurnRecord> tail);

  // --- Who counts (R19) ---
  // The in-sync set, as the assignment record has it; never an older record
  // after a newer one.
  void SetInSync(const Replicas& in_sync);
  // Another set was proposed: from now on either may be in force.
  void Propose(Replicas next);
  // It was decided, and SetInSync has told what is so. A record that has not
  // changed decides nothing: the transaction may still be on its way.
  void ProposalDecided();

  // --- Joining (R20) ---
  // `node` gets a snapshot that contains the records up to `snapshot`, which
  // must be base() or later, and the records after it; before them, the
  // snapshot. Returns the number of its stay; none: records are missing, or it
  // counts already, or may by an undecided proposal, so a second copy must not
  // take the place of the one that counts.
  std::optional<JoinNumber> Join(const NodeId& node, RecordNumber snapshot);
  // It has all that took effect, and nothing that may not; it may be proposed.
  bool CanCount(const NodeId& node) const;
  // It counts, or may by a proposal that is undecided.
  bool MayCount(const NodeId& node) const;
  // A backup or joiner that is given up; nothing goes to it any more.
  void Drop(const NodeId& node);
  void DropAllBut(const std::vector<NodeId>& named);
  // Who does not count and is furthest behind; none: all count.
  std::optional<NodeId> SlowestJoiner() const;

  // --- Turns ---
  // What a turn that begins now must wait for, if it writes no record; and for
  // the records up to end(), which it has seen.
  Stamp Now() const { return stamp_; }
  RecordNumber Append(Payload content);
  RecordNumber end() const { return base_ + records_.size(); }
  // Records up to it are held by all, and were forgotten.
  RecordNumber base() const { return base_; }
  // R15: up to it everything stands, and may leave.
  RecordNumber committed() const { return committed_; }
  // Bytes of the records that do not stand yet, and of all that are kept.
  std::size_t uncommitted_bytes() const { return uncommitted_bytes_; }
  // The longest backlog of those who may count.
  std::uint64_t backlog() const;
  std::size_t bytes() const { return bytes_; }
  // R16: every in-sync backup said something after `began`.
  bool Heard(Stamp began) const;

  // --- Traffic ---
  // What was sent must arrive in order, or Rewind be called; what arrives
  // before the backup knows of the term, or has its snapshot, must wait there.
  //
  // What is to be sent to `node`: records it was not sent, news of what may be
  // applied, or a question whether it still follows, since a turn that began at
  // `awaited` waits for a word. None: nothing. News alone may wait for the next
  // record (`news` kLater).
  enum class News : std::uint8_t { kNow, kLater };
  std::optional<LogAppend> NextFor(const NodeId& node,
                                   std::optional<Stamp> awaited = {},
                                   News news = News::kNow);
  void Take(const NodeId& node, const LogAck& ack);
  // What was sent to `node` and not acknowledged may be lost.
  void Rewind(const NodeId& node);

  // --- To look at ---
  // All of its state, in a few words, for traces and tests.
  std::string Words() const;
  struct Copyist {
    JoinNumber join = 0;
    RecordNumber snapshot = 0;
    RecordNumber sent = 0;
    RecordNumber held = 0;
    RecordNumber told = 0;  // What it was last told to be committed.
    Stamp asked = 0;
    Stamp heard = 0;
    std::uint64_t backlog = 0;  // As it last said.

    bool owes() const { return asked > heard; }  // A word.
  };
  // In-sync backups and joiners.
  const std::map<NodeId, Copyist>& copyists() const { return copyists_; }
  // Nobody copies, counts, or may by a proposal: records would be for nobody.
  bool alone() const {
    return copyists_.empty() && in_sync_.empty() && !proposed_;
  }
  // The primary in whose term record `number`, one that is not forgotten, was
  // written.
  Term TermOf(RecordNumber number) const {
    return records_[number - base_ - 1].term;
  }

 private:
  const Copyist* Find(const NodeId& node) const;
  template <typename Predicate>
  bool EveryoneWhoCounts(Predicate predicate) const;
  void Commit();
  void Trim();

  Term term_;
  RecordNumber term_base_;
  RecordNumber inherited_;  // Up to it records may be of an earlier term.
  RecordNumber base_;       // Records up to it are everywhere and forgotten.
  std::deque<TurnRecord> records_;
  RecordNumber committed_;
  std::size_t bytes_ = 0;
  std::size_t uncommitted_bytes_ = 0;
  Stamp stamp_ = 0;
  JoinNumber last_join_ = 0;
  Replicas in_sync_;
  std::optional<Replicas> proposed_;
  std::map<NodeId, Copyist> copyists_;
};

}  // namespace taskgraph::core
