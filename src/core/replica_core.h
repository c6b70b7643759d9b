// SPDX-License-Identifier: Apache-2.0
//
// ReplicaCore: the life of one task on one node, as its primary.
//
// Intuition: a desk with an in-tray. Messages are checked at the door (who
// speaks, in whose name, of which epoch), become causes in the tray, and are
// handed to the task one at a time; what the task wants done goes out when its
// turn is over. Each smaller machine keeps one of the books: metas sent and
// heard, requests made and served, what the task knows of its neighbors.
//
// Pure: no clock, no thread. Not thread-safe; owned by NodeCore, which routes
// what arrives and carries out what is asked.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "core/backoff.h"
#include "core/directory.h"
#include "core/fifo.h"
#include "core/followers.h"
#include "core/links.h"
#include "core/meta_inbox.h"
#include "core/meta_outbox.h"
#include "core/neighborhood.h"
#include "core/open_requests.h"
#include "core/served_requests.h"
#include "core/vocabulary.h"
#include "taskgraph/options.h"

namespace taskgraph::core {

// What all replicas of a node share. Must outlive them.
struct ReplicaSurroundings {
  NodeId self;
  const Links& links;
  LinkIndex& link_index;
  const JobOptions& options;
  const Directory& directory;
  Outputs& outputs;      // Where orders go.
  Fifo<Message>& local;  // Where messages to tasks of this node go.
  Followers& followers;  // Who must hear of a change of which assignment.
};

struct ReplicaIdentity {
  ReplicaId replica = 0;
  TaskId task = 0;
  Term term = 0;
  Incarnation incarnation = 0;
  Generation generation = 0;
};

class ReplicaCore {
 public:
  ReplicaCore(const ReplicaIdentity& identity,
              ReplicaSurroundings& surroundings);

  // The first call: the task begins its incarnation in `epoch` (R7).
  void Begin(Epoch epoch);

  // --- Facts ---
  void OnMessage(const NodeId& sender, Message&& message, Time now);
  void OnEpoch(Epoch epoch);
  // The directory has a new record for `task`, in place of `before`.
  void OnAssignment(TaskId task, const Assignment& before);
  void OnPeerLost(const NodeId& node, Time now);
  void OnTurnFinished(TurnEffects effects);
  void OnJobEnded(const JobEnd& end);
  void OnSuperseded();
  void OnDeadline(Time now);

  // When OnDeadline wants to be called; kNever: not at all.
  Time NextDeadline() const;

  const ReplicaIdentity& identity() const { return me_; }
  // Nothing will ever come of this replica again; it can be destroyed.
  bool done() const { return state_ == State::kDone && !running_; }
  // It serves its task: neither failed, nor superseded, nor at its end.
  bool active() const { return state_ == State::kActive; }
  // Whether the turn that was ordered last is still of use: its epoch has not
  // ended, and the replica is not superseded (R2, R7). Asked when it could
  // begin.
  bool MayBegin() const {
    return running_ && (std::holds_alternative<ExitTask>(*running_) ||
                        (active() && current_ == entered_));
  }
  // What it was last told about its neighbors in this epoch, and which they
  // are.
  const Neighborhood& neighborhood() const { return neighborhood_; }
  Epoch entered() const { return entered_; }

 private:
  enum class State : std::uint8_t {
    kActive,
    kLeaving,  // Only Exit remains.
    kDone,
  };
  enum class Admission : std::uint8_t { kTake, kHold, kDrop };

  // Messages: at the door (replica_messages.cc).
  struct Held {
    NodeId sender;
    Message message;
  };
  Admission Admit(const NodeId& sender, const Message& message);
  void Hold(const NodeId& sender, Message&& message);
  void Readmit();
  void Take(const Route& route, MetaMessage& meta);
  void Take(const Route& route, const MetaAck& ack);
  void Take(const Route& route, RequestMessage& request);
  void Take(const Route& route, AnswerMessage& answer);
  void Take(const Route& route, const Refusal& refusal);
  void TakeEarlyAnswers(TaskId from);
  void TakeAnswer(TaskId from, AnswerMessage& answer);
  void TakeRefusal(const Route& route, const Refusal& refusal, Time now);
  void Refuse(const NodeId& sender, const Route& route, ErrorCode code);
  void Send(TaskId to, Body body);
  void Post(const NodeId& node, Message message);
  void Flush(TaskId to);
  void Postpone(TaskId to, Time now);
  void Encourage(TaskId task);

  // Turns (replica_core.cc).
  void Enter(Epoch epoch);
  void Queue(std::vector<Cause> causes);
  void Pump();
  void Run(Cause cause);
  void Apply(FlagMeta flag);
  void Apply(MakeRequest request);
  void Apply(const CancelRequest& cancel);
  void Apply(GiveAnswer answer);
  void Fail(RequestNumber number, Error error);
  void Conclude(const Cause& cause);
  void Propose(const TurnEffects& effects);
  void Lose(std::uint32_t failures_added, std::string why);
  void Leave(ExitReason reason, const ExitStatus& status);
  void EndJob(std::string why);

  ReplicaIdentity me_;
  ReplicaSurroundings& around_;
  State state_ = State::kActive;

  Epoch entered_ = 0;   // The epoch that the books below are about.
  Epoch current_ = 0;   // The highest one known; entered when no turn runs.
  Epoch expected_ = 0;  // The next one whose EnterEpoch would skip none (R7).

  Fifo<Cause> queue_;
  std::optional<Cause> running_;
  std::vector<Held> held_;  // R8, R22
  // Answers that wait for metas which come before them; by whom and to what.
  std::map<std::pair<TaskId, RequestNumber>, AnswerMessage> early_answers_;

  Neighborhood neighborhood_;
  MetaOutbox metas_sent_;
  MetaInbox metas_heard_;
  OpenRequests requests_;
  ServedRequests served_;
  std::map<TaskId, Backoff> waits_;
};

// R13, as told to who asked.
Error NotNeighbor(TaskId from, TaskId to, Epoch epoch);

}  // namespace taskgraph::core
