// SPDX-License-Identifier: Apache-2.0
//
// ReplicaCore: the life of one task on one node, as its primary.
//
// Intuition: a desk with an in-tray. Messages are checked at the door (who
// speaks, in whose name, of which epoch), become causes in the tray, and are
// handed to the task one at a time; what the task wants done goes out when its
// turn is over. The books (TaskBooks) say what was done. Where the task has
// backups, each turn is written down for them, and what it wants done leaves
// when they have the record (R15, R16).
//
// Pure. Not thread-safe; owned by NodeCore, which carries out what is asked.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/backup_core.h"
#include "core/copy_check.h"
#include "core/correspondence.h"
#include "core/departures.h"
#include "core/fifo.h"
#include "core/held_messages.h"
#include "core/replica.h"
#include "core/task_books.h"

namespace taskgraph::core {

class ReplicaCore final : private Clerk {
 public:
  // Of a new incarnation.
  ReplicaCore(const ReplicaIdentity& identity,
              ReplicaSurroundings& surroundings);
  // Of a backup that was promoted.
  ReplicaCore(const ReplicaIdentity& identity,
              ReplicaSurroundings& surroundings, Estate&& estate);

  // The first call: the task begins, or goes on, in `epoch` (R7).
  void Begin(Epoch epoch, Time now);

  // --- Facts ---
  void OnMessage(const NodeId& sender, Message&& message, Time now);
  void OnEpoch(Epoch epoch);
  // The directory has a new record for `task`, in place of `before`.
  void OnAssignment(TaskId task, const Assignment& before);
  // Of the task itself, in the same term.
  void OnOwnAssignment(Time now);
  // A proposal of this task's was decided.
  void OnAssignmentDecided(Time now);
  // Somebody else is suspected, or not any more.
  void OnSuspicion(Time now);
  void OnLogAck(const NodeId& backup, const LogAck& ack, Time now);
  void OnReplicaGone(const NodeId& backup, const ReplicaGone& gone, Time now);
  void OnPeerLost(const NodeId& node, Time now);
  void OnTurnFinished(TurnEffects&& effects, Time now);
  void OnJobEnded(const JobEnd& end);
  void OnSuperseded();
  void OnDeadline(Time now);

  // After any of them: sends what may leave, and what backups must hear.
  void TendLog(Time now);

  // When OnDeadline wants to be called; kNever: not at all.
  Time NextDeadline() const;

  // This replica gave its task up; told once.
  std::optional<Resignation> TakeResignation() {
    return std::exchange(resignation_, std::nullopt);
  }

  const ReplicaIdentity& identity() const { return me_; }
  // Nothing will ever come of this replica again; it can be destroyed.
  bool done() const { return state_ == State::kDone && !running_; }
  // It serves its task: neither failed, nor superseded, nor at its end.
  bool active() const { return state_ == State::kActive; }
  // Whether the turn that was ordered last is of use still, when it could
  // begin: its epoch has not ended, and the replica is not superseded (R2, R7).
  bool MayBegin() const {
    return running_ &&
           (IsOutsideEpochs(*running_) || (active() && current_ == entered()));
  }
  const TaskBooks& books() const { return books_; }
  Epoch entered() const { return books_.entered; }
  // None: it never had backups.
  const std::optional<PrimaryLog>& log() const { return log_; }

 private:
  // kLeaving: only Exit remains.
  enum class State : std::uint8_t { kActive, kLeaving, kDone };
  enum class Admission : std::uint8_t { kTake, kHold, kDrop };

  // Messages: at the door (replica_messages.cc).
  Admission Admit(const NodeId& sender, const Message& message);
  void Hold(const NodeId& sender, Message&& message, Time now);
  void Readmit();
  void Take(const Route& route, MetaMessage& meta);
  void Take(const Route& route, const MetaAck& ack);
  void Take(const Route& route, RequestMessage& request);
  void Take(const Route& route, AnswerMessage& answer);
  void Take(const Route& route, const Refusal& refusal);
  void TakeEarlyAnswers(TaskId from);
  void TakeAnswer(TaskId from, AnswerMessage& answer);
  void QueueUnheard();
  void TakeRefusal(const Route& route, const Refusal& refusal, Time now);
  void Refuse(const NodeId& sender, const Route& route, ErrorCode code);
  void Send(TaskId to, const MetaAck& ack) override;
  void Send(TaskId to, const AnswerMessage& answer) override;
  template <typename T, typename Fill>
  void Build(TaskId to, Fill fill);
  Message* Address(TaskId to);
  void Post(const NodeId& node, Message&& message);
  void Flush(TaskId to) override;
  void Postpone(TaskId to, Time now);
  void Encourage(TaskId task);

  // Turns (replica_core.cc).
  void GoOn();
  void FollowNeighbors();
  void Enter(Epoch epoch);
  void Queue(std::vector<Cause> causes);
  void Tell(HearFailure failure) override;
  void Pump();
  void RunNext(Fifo<Cause>& causes);
  void Fail(const Cause& cause, const std::string& why);
  void TakeEffects(const Cause& cause, TurnEffects&& effects);
  void Propose(const TurnEffects& effects);
  void ProposeFinish();
  void Resign(Resignation resignation);
  void Leave(ExitReason reason, const ExitStatus& status);
  void EndJob(std::string why);

  // The turn log (replica_log.cc).
  void KeepLog();
  bool Records() const;
  void Record(const Cause& cause, const TurnEffects& effects);
  void Append(const Cause& cause, const TurnEffects& effects);
  void Depart(Departures::Item item);
  void Carry(Letter& letter);
  void Carry(ProposeEpoch& proposal);
  void Carry(ProposeEnd& proposal);
  void Carry(Resignation& resignation);
  void ReviewBackups();
  void Reject(const NodeId& backup, Time now);
  void ForgetGone(Time now);
  bool Write(const NodeId& backup, Time now, bool news_are_due);
  bool WaitsForBackups() const;
  void BoundLog(Time now);
  void InterruptLog(const NodeId& node, Time now);
  void RepeatLog(Time now);
  Time LogDeadline() const;
  Correspondence& With(const NodeId& node);
  void Post(const NodeId& node, ReplicaBody body);

  // Joiners (replica_joiners.cc).
  void CallJoiners(Time now);
  bool MayInvite(const NodeId& node) const;
  void AskAfter(const NodeId& suspect, Time now);
  const NodeId* SnapshotTakerFor(const NodeId& joiner) const;
  std::optional<SnapshotOrder> Join(const NodeId& joiner, RecordNumber base,
                                    const NodeId& taker, Time now);
  void OrderSnapshot();
  void TakeSnapshotOf(const TurnEffects& effects, Time now);
  void Invite(const Sealed& state, Time now);
  void Disinvite(const NodeId& joiner);
  void GiveUp(const NodeId& joiner, Time now);

  ReplicaIdentity me_;
  ReplicaSurroundings& around_;
  State state_ = State::kActive;
  std::optional<Resignation> resignation_;

  Epoch current_ = 0;  // The highest one known; entered when no turn runs.
  // What does not belong to an epoch, and comes first: a role, updates, Init.
  Fifo<Cause> prologue_;
  Fifo<Cause> queue_;
  std::optional<Cause> running_;
  HeldMessages<Message> held_;  // R8, R22
  // Answers that wait for metas which come before them: of a promoted backup's
  // predecessor; and others, by whom and to what.
  std::vector<Cause> unheard_;
  std::map<std::pair<TaskId, RequestNumber>, AnswerMessage> early_answers_;
  TaskBooks books_;
  std::map<TaskId, Backoff> waits_;

  std::optional<PrimaryLog> log_;
  Departures departures_;
  Stamp began_ = 0;               // As the running turn was ordered.
  std::optional<Stamp> reading_;  // Of a turn without a record, meanwhile.
  bool resigning_ = false;        // No more turns.
  bool proposing_ = false;        // Another in-sync set.
  bool snapshot_is_due_ = false;  // A turn for it is ordered or waits.
  CopyCheck check_;
  std::map<NodeId, Correspondence> correspondences_;
  Replicas gone_;          // Backups that count, and are no copies any more.
  Time news_at_ = kNever;  // When backups hear of it that nothing else tells.
};

}  // namespace taskgraph::core
