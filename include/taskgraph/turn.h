// SPDX-License-Identifier: Apache-2.0
//
// Turn: the framework as a task sees it from a callback.
//
// Intuition: a turn is a sealed envelope. While a callback runs, all that it
// asks for is written into the envelope; when it returns, the envelope is
// opened and everything takes effect together (R15). If the callback throws,
// the envelope is burned: no trace of the turn is left, and the task fails with
// the exception's text (R23).
//
// A Turn is valid during its callback and on its thread alone; do not keep it.
// Functions throw UsageError when called with what can never be right.
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "taskgraph/codec.h"
#include "taskgraph/method.h"
#include "taskgraph/topology.h"
#include "taskgraph/types.h"

namespace taskgraph {

// The job's key-value options, as given at its submission.
using Config = std::map<std::string, std::string, std::less<>>;

class Turn {
 public:
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  // --- Where am I? ---
  TaskId task() const;
  TaskId tasks() const;  // How many there are in the job.
  Epoch epoch() const;
  Term term() const;
  Incarnation incarnation() const;
  // Epochs that ended before this task could enter them, since the one it was
  // in; for EnterEpoch, else 0 (R7).
  Epoch skipped_epochs() const;
  // The epoch of the checkpoint that Init continues from; none: start anew.
  std::optional<Epoch> checkpoint() const;
  // The request being served; only in a served method.
  const RequestId& request_id() const;
  // The job's configuration, and one value of it (UsageError for an undeclared
  // key).
  const Config& config() const;
  const std::string& config(std::string_view key) const;
  // Neighbors on a link type in this turn's epoch.
  const TaskList& Neighbors(std::string_view link) const;
  // Fires when the epoch ends or this node is superseded: a long callback
  // should then return soon. What it asked for by then still takes effect, if
  // it is of use.
  std::stop_token stop_token() const;

  // --- What should happen when this turn has returned? ---

  // Notifies every neighbor on `link`, each exactly once, in the order flagged
  // (R10).
  void FlagMeta(std::string_view link, std::string meta);

  // Asks `to` for `method`. Answered by the handler given to OnData, or by
  // RequestFailed, exactly once, unless the epoch or this task's incarnation
  // ends first (R12). With a `key`, asking again after a restart is the same
  // request (R14): an application-chosen name, of at most 1,024 bytes, that is
  // unique in (task, epoch, method).
  template <typename In, typename Out>
  RequestNumber Request(TaskId to, const Method<In, Out>& method,
                        std::type_identity_t<In> input, std::string key = {}) {
    return RequestBytes(to, method.name, Codec<In>::Encode(std::move(input)),
                        std::move(key));
  }

  // Withdraws an open request of this epoch: RequestFailed follows, with
  // kCancelled. For one that is not open any more nothing happens; a number
  // that Request never returned is a UsageError.
  void Cancel(RequestNumber number);

  // Answers a request, now or in a later turn of the same epoch; the second
  // answer to one token is a UsageError. Decline answers with an error instead
  // of an output.
  template <typename Out>
  void Answer(const Token<Out>& token, std::type_identity_t<Out> output) {
    AnswerBytes(token.id(), Codec<Out>::Encode(std::move(output)));
  }
  template <typename Out>
  void Decline(const Token<Out>& token, std::string reason) {
    DeclineBytes(token.id(), std::move(reason));
  }

  // Changes the task's state, on this replica and on its backups: `log` is what
  // Backupable::Update gets, encoded as a method's input would be. For tasks
  // that are Backupable only.
  template <typename T>
  void Update(const T& log) {
    UpdateBytes(Codec<T>::Encode(log));
  }

  // Moves the job from this turn's epoch to the next one; if another task was
  // first, nothing happens (R6).
  void AdvanceEpoch();

  // Ends the job, for all tasks; the first status stands (R24).
  void FinishJob(ExitStatus status = {});

  // Gives this task's place up: it begins a new incarnation on another node, if
  // there is one with room. Not counted as a failure.
  void Retire();

  // Writes one line to the node's log, which names job, node, task, term and
  // epoch.
  void Log(std::string_view text);

 private:
  friend class TurnRecorder;
  explicit Turn(class TurnRecorder& recorder) : recorder_(recorder) {}

  RequestNumber RequestBytes(TaskId to, std::string_view method, Payload input,
                             std::string key);
  void UpdateBytes(Payload log);
  void AnswerBytes(const RequestId& request, Payload output);
  void DeclineBytes(const RequestId& request, std::string reason);

  TurnRecorder& recorder_;
};

}  // namespace taskgraph
