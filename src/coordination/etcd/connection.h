// SPDX-License-Identifier: Apache-2.0
//
// Connection: which endpoint is in use, whether it is usable, and the calls
// that wait for one.
//
// Intuition: a switchboard operator with a list of numbers. While a line is
// good calls go through at once; when somebody complains about it, the operator
// tries the numbers one after the other, calls waiting meanwhile, and admits to
// be cut off only after all were tried. A number is good when it answers a
// question that only a working coordinator can answer (a linearizable read).
//
// All functions with the loop's mutex held.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "coordination/coordinator.h"
#include "coordination/etcd/completion_loop.h"
#include "coordination/etcd/endpoints.h"
#include "coordination/etcd/etcd_coordinator.h"
#include "coordination/etcd/unary_call.h"

namespace taskgraph::coordination {

class Connection {
 public:
  Connection(EtcdOptions options, Sink sink);

  // `became_usable` runs whenever an endpoint was found usable.
  void Start(std::function<void()> became_usable);
  // Cancels everything; starts nothing any more.
  void Stop();

  CompletionLoop& loop() { return loop_; }
  const EtcdOptions& options() const { return options_; }
  bool stopped() const { return stopped_; }
  bool usable() const { return usable_ && !stopped_; }
  const Endpoint& endpoint() const { return endpoints_[current_]; }

  // Asks `request` of whichever endpoint is usable, within call_timeout.
  // `answered` runs once, on the loop.
  template <typename Request, typename Response>
  void Ask(typename UnaryCall<Request, Response>::Method method,
           Request request,
           typename UnaryCall<Request, Response>::Answered answered) {
    const auto call = std::make_shared<UnaryCall<Request, Response>>(
        std::move(method), std::move(request), std::move(answered));
    call->deadline = Clock::now() + options_.call_timeout;
    Run(call);
  }

  // Something went wrong with `endpoint`: make sure that it is usable, or find
  // another. Ignored if it is not the one in use.
  void Suspect(const Endpoint& endpoint);

  // A stream to `endpoint` ended so: what to think of it?
  void StreamEnded(const Endpoint& endpoint, const grpc::Status& status);

  // `endpoint` does not know this user any more: log in again.
  void PassLapsed(const Endpoint& endpoint);

  void Deliver(Event event) {
    if (!stopped_) sink_(std::move(event));
  }

  CallFrame frame() { return {loop_, open_, login_}; }

 private:
  using Call = std::shared_ptr<UnaryCallBase>;

  void Run(const Call& call);
  void RunWaiting();
  void TimeOut(const Call& call);
  void Concluded(const Call& call, const Endpoint& endpoint,
                 const grpc::Status& status);
  void Probe();
  template <typename Request, typename Response>
  void Try(typename UnaryCall<Request, Response>::Method method,
           Request request,
           typename UnaryCall<Request, Response>::Answered answered);
  void LogIn();
  void AskSomething();
  void ProbeSucceeded();
  void ProbeFailed(const grpc::Status& status);

  const EtcdOptions options_;
  const Sink sink_;
  Login login_;
  std::function<void()> became_usable_;
  std::vector<Endpoint> endpoints_;
  std::size_t current_ = 0;
  bool stopped_ = false;
  bool usable_ = false;
  bool told_away_ = false;
  std::size_t failures_ = 0;  // Of probes, since an endpoint was usable.
  std::chrono::milliseconds backoff_;
  std::list<Call> waiting_;
  OpenCalls open_;
  CompletionLoop loop_;  // Last: its thread ends before the rest goes.
};

// Whether `status` says nothing about the call itself: nobody answered, or
// nobody could.
bool IsTransient(const grpc::Status& status);

// Whether the call may be made again later (see CallFailed).
bool IsWorthRetrying(const grpc::Status& status);

}  // namespace taskgraph::coordination
