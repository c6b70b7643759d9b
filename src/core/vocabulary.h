// SPDX-License-Identifier: Apache-2.0
//
// The core's vocabulary on one page: everything a node and a controller can
// learn (facts, in the past tense), and everything they can ask for (orders).
//
// Facts about the job come from the coordinator, in the order of its revisions;
// messages come from the transport; finished turns from the runtime.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "core/assignment.h"
#include "core/message.h"
#include "core/turn.h"
#include "taskgraph/task.h"
#include "taskgraph/types.h"

namespace taskgraph::core {

// One copy of a task in this process; never used again for another.
using ReplicaId = std::uint64_t;

// How the job ended, as recorded.
struct JobEnd {
  ExitReason reason = ExitReason::kFinished;
  ExitStatus status;

  friend bool operator==(const JobEnd&, const JobEnd&) = default;
};
// By the framework, for `why`; the code is that of a process that failed.
inline JobEnd Failed(std::string why) {
  return {ExitReason::kFailed, {1, std::move(why)}};
}

// --- Facts ---
struct AssignmentChanged {
  TaskId task = 0;
  Assignment assignment;
};
struct EpochAdvanced {
  Generation generation = 0;
  Epoch epoch = 0;
};
struct NodeJoined {
  NodeRecord record;
};
struct NodeLeft {
  NodeId node;
};
struct ControllerChanged {
  NodeRecord controller;  // An empty node: there is none.
};
struct JobEnded {
  JobEnd end;
};
// R25: the coordinator can't be reached; it can again. Also first thing at the
// start, when all that was there has been told.
struct CoordinatorWentAway {};
struct CoordinatorCameBack {};
// A proposal was decided; what is so now is told by other facts. `won`: by this
// one.
struct EpochDecided {
  Epoch proposed = 0;
  bool won = false;
};
struct AssignmentsDecided {
  std::vector<TaskId> tasks;
};

struct MessageArrived {
  NodeId from;
  NodeMessage message;
};
struct PeerFound {
  NodeId node;
};
// A connection broke. What that shows by itself: nothing much; nothing was
// heard for the heartbeat timeout; nobody listens there any more.
struct PeerLost {
  NodeId node;
  std::string reason;
  enum class Shows : std::uint8_t {
    kLittle,
    kSilence,
    kDeath
  } shows = Shows::kLittle;
};
struct PeerProbed {
  NodeId node;
  enum class Verdict : std::uint8_t { kAlive, kGone, kSilent } verdict;
};
// R21: a launcher saw the process end.
struct ProcessExited {
  NodeId node;
  std::string reason;
};
struct TurnFinished {
  ReplicaId replica = 0;
  TurnEffects effects;
};
// This controller was elected, or is not any more.
struct ElectionWon {};
struct ElectionLost {};
// Somebody outside wants the job to end.
struct StopRequested {
  std::string reason;
  int code = 130;  // As shells know it: ended by an interrupt.
};
// NextDeadline() has come.
struct DeadlinePassed {};

using Input =
    std::variant<AssignmentChanged, EpochAdvanced, NodeJoined, NodeLeft,
                 ControllerChanged, JobEnded, CoordinatorWentAway,
                 CoordinatorCameBack, EpochDecided, AssignmentsDecided,
                 MessageArrived, PeerFound, PeerLost, PeerProbed, ProcessExited,
                 TurnFinished, ElectionWon, ElectionLost, StopRequested,
                 DeadlinePassed>;

// --- Orders ---
struct SendMessage {
  NodeId to;
  NodeMessage message;
};
// Where a node can be reached; no addresses: nowhere any more.
struct SetPeer {
  NodeId node;
  std::vector<std::string> addresses;
};
struct ProbePeer {
  NodeId node;
};
// Calls the task back; answered by TurnFinished. The task is built by its first
// cause, and destroyed by its last, ExitTask.
struct RunTurn {
  ReplicaId replica = 0;
  TurnContext context;
  Cause cause;
};
// Fires the stop token of the running turn (R9).
struct StopTurn {
  ReplicaId replica = 0;
};
// Destroys the task without another call: it failed.
struct DropTask {
  ReplicaId replica = 0;
};
// Proposals are written to the coordinator under the guard named, again and
// again until they are decided (R3, R15).
struct ProposeEpoch {
  TaskId task = 0;  // Guard: has this term still.
  Term term = 0;
  Generation generation = 0;
  Epoch from = 0;
};
struct ProposeEnd {
  std::optional<TaskId>
      task;  // Guard: has this term still. None: the controller.
  Term term = 0;
  JobEnd end;
};
struct AssignmentChange {
  TaskId task = 0;
  Assignment expected;  // Guard: is so still.
  Assignment next;
};
struct ProposeAssignments {
  std::vector<AssignmentChange> changes;  // All or none.
};
// By whom this node wants to learn of new epochs from now on (R6): by the
// watch of the coordinator, which tells at once what is so, or by other nodes
// alone. At the start: by the watch.
struct FollowEpoch {
  enum class By : std::uint8_t { kWatch, kPeers } by;
};
// Ends the session of a node whose process is known to be dead (R5).
struct EndSession {
  NodeId node;
};
// This node has nothing more to do in the job: it may end its session.
struct LeaveJob {};
// The job's own keys can go, the status stays for its retention time (R24).
struct RemoveJob {};

using Output =
    std::variant<SendMessage, SetPeer, ProbePeer, RunTurn, StopTurn, DropTask,
                 ProposeEpoch, ProposeEnd, ProposeAssignments, FollowEpoch,
                 EndSession, LeaveJob, RemoveJob>;
using Outputs = std::vector<Output>;

}  // namespace taskgraph::core
