// SPDX-License-Identifier: Apache-2.0
//
// BackupCore: the life of one task on one node, as a backup.
//
// Intuition: an understudy who sits in the wings with a copy of the diary. He
// writes down what the writer dictates, says how far he has come, and keeps the
// same books from what stands for good; so when he is called he goes on in the
// middle of the sentence (R4, R17). Until then he says nothing to the audience.
//
// Pure: no clock, no thread. Not thread-safe; owned by NodeCore.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "core/backup_log.h"
#include "core/fifo.h"
#include "core/replica.h"
#include "core/task_books.h"

namespace taskgraph::core {

// All that a promoted backup has, for the primary that it becomes.
struct Estate {
  TaskBooks books;  // With the tail in them.
  RecordNumber base = 0;
  std::deque<TurnRecord> tail;
  std::vector<Cause> unheard;  // Answers that the task must hear still.
  // What the task object must still go through, and what it is in.
  Fifo<Cause> work;
  std::optional<Cause> running;
};

class BackupCore final : private Clerk {
 public:
  // In-sync from the beginning of the incarnation, or of as much of it as the
  // coordinator's record told: nothing took effect before.
  BackupCore(const ReplicaIdentity& identity,
             ReplicaSurroundings& surroundings);

  // R20: with a copy of what the task is. Its records may not all stand yet.
  BackupCore(const ReplicaIdentity& identity, ReplicaSurroundings& surroundings,
             Invitation&& invitation);

  // Its task has a new primary, and this replica is in-sync with it.
  void Follow(Term term);
  void OnAppend(const LogAppend& append);
  // R20: another backup is to begin with this one's copy.
  void OnSnapshotOrder(const SnapshotOrder& order);
  void OnTurnFinished(const TurnEffects& effects);

  // This replica became the primary; it is of no use any more afterwards. None:
  // it is no copy of the task.
  std::optional<Estate> TakeOver();

  const ReplicaIdentity& identity() const { return me_; }
  const BackupLog& log() const { return log_; }
  bool MayBegin() const { return running_.has_value(); }
  // Why it is no copy of the task, and must go; none: it is one.
  const std::optional<std::string>& broken() const { return broken_; }

 private:
  void Flush(TaskId) override {}
  void Send(TaskId, const MetaAck&) override {}
  void Send(TaskId, const AnswerMessage&) override {}
  void Tell(HearFailure failure) override;

  void Greet();
  void Acknowledge();
  bool IsFull() const {
    return unapplied_bytes_ > around_.options.limits.backlog_bytes_max;
  }
  void Apply();
  bool Replay(const TurnRecord& record);
  void ForgetUnheard(const Cause& cause);
  void Work(Cause cause);
  void TakeSnapshots();
  void Pump();
  void Run(Cause cause);

  // What another backup will be sent, but for the task's state.
  struct Copy {
    SnapshotOrder order;
    RecordNumber applied = 0;
    Sealed books;
  };
  void Invite(const Copy& copy, const Sealed& state);

  ReplicaIdentity me_;
  ReplicaSurroundings& around_;
  JoinNumber join_ = 0;
  BackupLog log_;
  TaskBooks books_;
  std::vector<Cause> unheard_;
  // What the task object must go through, in the order of the records.
  Fifo<Cause> work_;
  std::optional<Cause> running_;
  std::size_t unapplied_bytes_ = 0;    // In both.
  LogAck acknowledged_;                // What it last said.
  std::vector<SnapshotOrder> orders_;  // For records that are not applied yet.
  Fifo<Copy> copies_;                  // One for each TakeSnapshot in work_.
  std::optional<std::string> broken_;
};

}  // namespace taskgraph::core
