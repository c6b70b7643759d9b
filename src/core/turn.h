// SPDX-License-Identifier: Apache-2.0
//
// What happens to a task, and what it may do about it: the causes and the
// effects of one turn (R15). The runtime turns a cause into a callback, and the
// callback's calls into effects.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/assignment.h"
#include "core/sealed.h"
#include "taskgraph/error.h"
#include "taskgraph/payload.h"
#include "taskgraph/task.h"
#include "taskgraph/topology.h"
#include "taskgraph/types.h"

namespace taskgraph::core {

// --- Causes ---
struct InitTask {
  std::optional<Epoch> checkpoint;
};
struct EnterEpoch {
  Epoch skipped = 0;
};
struct HearMeta {
  TaskId from = 0;
  Incarnation incarnation = 0;  // The sender's.
  std::uint64_t number = 0;
  LinkType link;
  std::string text;
  std::uint64_t occurrence = 0;  // R11; for a backup's books.
};
struct ServeRequest {
  RequestId id;
  std::string method;
  Payload input;
  std::string key = {};  // It and the next: R14; for a backup's books.
  RequestNumber first_unfinished = 0;
};
// What an answer comes after: so many metas of who answers, of an incarnation
// (R22). For a new backup, to whom they may come again.
struct Precedence {
  std::uint64_t after = 0;
  Incarnation incarnation = 0;
};
struct TakeData {
  RequestNumber number = 0;
  TaskId from = 0;
  std::string method;
  Payload output;
  Precedence place = {};
};
struct HearFailure {
  FailedRequest failed;
  Precedence place = {};
};
struct NeighborLost {
  Neighbor neighbor;
};
struct NeighborBack {
  Neighbor neighbor;
};
// A replica with a task object that has a role to be told of (Backupable).
struct ChangeRole {
  enum class To : std::uint8_t { kPrimary, kBackup } to;
  std::optional<Sealed> snapshot;  // Of a backup that begins with one.
  // Of a promoted backup, in its epoch: requests that it may answer still, and
  // how many metas and open requests there are.
  std::vector<RequestId> open_tokens;
  std::size_t metas = 0;
  std::size_t open_requests = 0;
};
// R20: the task's state is wanted for a new backup.
struct TakeSnapshot {
  bool withdrawn = false;  // Not any more.
};
// What happened to the task's state, on a replica where no callback did it.
struct ApplyUpdates {
  std::vector<Payload> updates;
};
// Of a backup: whether its state is the primary's (BackupOptions::check_every).
struct CompareState {
  std::string after;  // The turns before it, in words.
  Payload state;      // The primary's.
};
// The last one; its effects count for nothing.
struct ExitTask {
  ExitReason reason = ExitReason::kFinished;
  ExitStatus status;
};
using Cause =
    std::variant<InitTask, EnterEpoch, HearMeta, ServeRequest, TakeData,
                 HearFailure, NeighborLost, NeighborBack, ExitTask, ChangeRole,
                 TakeSnapshot, ApplyUpdates, CompareState>;

// "serving GetGradient to task 3": for logs, traces and the text of failures.
std::string Describe(const Cause& cause);

// --- Effects, in the order in which the callback asked for them ---
struct FlagMeta {
  LinkType link;
  std::string text;
};
struct MakeRequest {
  RequestNumber number = 0;
  TaskId to = 0;
  std::string method;
  std::string key;
  Payload input;
};
struct CancelRequest {
  RequestNumber number = 0;
};
struct GiveAnswer {
  RequestId id;
  std::optional<Error> error;
  Payload output;
};
using Effect = std::variant<FlagMeta, MakeRequest, CancelRequest, GiveAnswer>;

// What remains when the callback returned. R15: all of it, or, after an
// exception, none of it.
struct TurnEffects {
  std::vector<Payload> updates;  // R15: of the task's state; before all else.
  std::vector<Effect> ordered;
  bool begun =
      true;  // false: the turn was not of use any more when it could begin.
  bool advance_epoch = false;
  bool retire = false;
  std::optional<ExitStatus> finish;
  std::optional<std::string> failure;     // The exception's text.
  std::optional<Sealed> snapshot;         // Of TakeSnapshot, and nothing else.
  std::optional<std::string> difference;  // Of CompareState; none: equal.

  // As new, but with the room that its lists have.
  void Clear() {
    updates.clear();
    ordered.clear();
    begun = true;
    advance_epoch = retire = false;
    finish.reset();
    failure.reset();
    snapshot.reset();
    difference.reset();
  }
};

// A task's neighbors in one epoch, by link type.
using NeighborLists = std::map<LinkType, TaskList, std::less<>>;
using SharedLists = std::shared_ptr<const NeighborLists>;

// What a callback may read.
struct TurnContext {
  TaskId task = 0;
  Term term = 0;
  Incarnation incarnation = 0;
  Epoch epoch = 0;
  RequestNumber next_request = 1;
  SharedLists neighbors;
};

}  // namespace taskgraph::core
