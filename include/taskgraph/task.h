// SPDX-License-Identifier: Apache-2.0
//
// Task: what an application implements.
//
// Intuition: a task is a room with one door. Events wait outside and come in
// one at a time, in order; so a task needs no locks, whatever happens around
// it. Each callback is a turn (turn.h).
//
// Threads: callbacks of one task never overlap, but may run on different
// threads. A callback may take minutes; nothing else waits for it.
#pragma once

#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "taskgraph/error.h"
#include "taskgraph/turn.h"
#include "taskgraph/types.h"

namespace taskgraph {

// A neighbor that failed or restarted, and the link types of this epoch that it
// is on.
struct Neighbor {
  TaskId task = 0;
  std::vector<LinkType> links;
  Incarnation incarnation = 0;  // The one that failed, or the one that began.

  bool IsOn(std::string_view link) const;
};

// A request of this task's that can't be answered.
struct FailedRequest {
  RequestNumber number = 0;
  TaskId to = 0;
  std::string method;
  Error error;
};

// Why a task's life on this node ends.
enum class ExitReason : std::uint8_t {
  kFinished,    // The job ended with code 0.
  kFailed,      // The job ended with another code.
  kKilled,      // The job was stopped from outside.
  kSuperseded,  // Only this copy: the task lives on elsewhere.
};

class Task {
 public:
  Task() = default;
  virtual ~Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  // The first turn of an incarnation. See Turn::checkpoint().
  virtual void Init(Turn&) {}

  // The job has a new epoch, or this incarnation begins in it. See
  // Turn::skipped_epochs().
  virtual void EnterEpoch(Turn&) {}

  // A neighbor flagged `meta` on its link type `link` (the sender's word for
  // it).
  virtual void MetaReady(Turn&, TaskId from, const LinkType& link,
                         const std::string& meta);

  // A request can't be answered. The default throws, and so fails the task: an
  // error that nobody looks at must not become a silent hang.
  virtual void RequestFailed(Turn&, const FailedRequest& failed);

  // A neighbor of this epoch lost its state and is without a node; it is back,
  // in a new incarnation. Once each, in this order, before any message of the
  // new incarnation (R22). Requests that it had not answered go to the new
  // incarnation by themselves.
  virtual void NeighborFailed(Turn&, const Neighbor&) {}
  virtual void NeighborRestarted(Turn&, const Neighbor&) {}

  // The last call. The framework can no longer be asked for anything.
  virtual void Exit(ExitReason, const ExitStatus&) {}

 protected:
  // Lets neighbors pull `method` from this task; `handler` is a member function
  // or any callable:  void (Turn&, Token<Out>, const In&). Call it in the
  // constructor.
  template <typename C, typename In, typename Out>
  void Serve(const Method<In, Out>& method,
             void (C::*handler)(Turn&, Token<Out>, const In&)) {
    Serve(method,
          [this, handler](Turn& turn, Token<Out> token, const In& input) {
            (static_cast<C*>(this)->*handler)(turn, token, input);
          });
  }
  template <typename In, typename Out, typename F>
  void Serve(const Method<In, Out>& method, F handler) {
    AddServed(method.name,
              [handler = std::move(handler)](Turn& turn, const RequestId& id,
                                             const Payload& bytes) {
                return ReadMessage<In>(bytes, [&](const In& input) {
                  handler(turn, Token<Out>(id), input);
                });
              });
  }

  // Receives what this task pulled:  void (Turn&, TaskId from, const Out&).
  // Call it in the constructor.
  template <typename C, typename In, typename Out>
  void OnData(const Method<In, Out>& method,
              void (C::*handler)(Turn&, TaskId, const Out&)) {
    OnData(method, [this, handler](Turn& turn, TaskId from, const Out& output) {
      (static_cast<C*>(this)->*handler)(turn, from, output);
    });
  }
  template <typename In, typename Out, typename F>
  void OnData(const Method<In, Out>& method, F handler) {
    AddPulled(method.name, [handler = std::move(handler)](
                               Turn& turn, TaskId from, const Payload& bytes) {
      return ReadMessage<Out>(
          bytes, [&](const Out& output) { handler(turn, from, output); });
    });
  }

 private:
  friend class TaskAccess;  // The runtime's way in.

  // They return false when the bytes are not what the method's types say.
  using Served = std::function<bool(Turn&, const RequestId&, const Payload&)>;
  using Pulled = std::function<bool(Turn&, TaskId, const Payload&)>;

  // UsageError when the method has a handler already, or no or too long a name.
  void AddServed(std::string_view method, Served handler);
  void AddPulled(std::string_view method, Pulled handler);

  // In the order of their names. There are few: they are found by looking at
  // one after the other. They stay where they are, if one adds another.
  template <typename Handler>
  using Handlers = std::list<std::pair<std::string, Handler>>;
  Handlers<Served> served_;
  Handlers<Pulled> pulled_;
};

}  // namespace taskgraph
