// SPDX-License-Identifier: Apache-2.0
//
// CompletionLoop: the client's one thread, where gRPC's completions and timers
// meet.
//
// Everything the client knows is guarded by one mutex: the loop takes it around
// each completion and timer, and the client's own calls take it too. So a call
// can be started on the caller's thread, without a hand-off, and no two pieces
// of the client ever run at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <thread>
#include <utility>

#include "coordination/etcd/grpc_headers.h"
#include "threads/mutex.h"

namespace taskgraph::coordination {

using Clock = std::chrono::steady_clock;

class CompletionLoop {
 public:
  CompletionLoop();
  // Waits for the end of what is under way, which should be cancelled before.
  ~CompletionLoop();

  threads::Mutex& mutex() TASKGRAPH_RETURNS(mutex_) { return mutex_; }

  // --- All below with the mutex held. They are called in callbacks, into which
  // clang does not follow a lock; so it takes their word for it. ---

  grpc::CompletionQueue* queue() { return &queue_; }

  // A tag for an operation on the queue; `done` runs once, told whether it
  // succeeded.
  using Completion = std::function<void(bool ok)>;
  void* Tag(Completion done);

  // Runs `action` at `when`, unless it is cancelled before.
  using TimerId = std::pair<Clock::time_point, std::uint64_t>;
  TimerId At(Clock::time_point when, std::function<void()> action);
  void Cancel(const TimerId& timer);

 private:
  void Run();
  Clock::time_point NextTimer();
  void RunDueTimers() TASKGRAPH_REQUIRES(mutex_);
  void Wake() TASKGRAPH_REQUIRES(mutex_);

  grpc::CompletionQueue queue_;
  threads::Mutex mutex_;
  std::map<TimerId, std::function<void()>> timers_ TASKGRAPH_GUARDED_BY(mutex_);
  std::uint64_t timers_made_ TASKGRAPH_GUARDED_BY(mutex_) = 0;
  Clock::time_point sleeping_until_ TASKGRAPH_GUARDED_BY(mutex_){};
  // Operations on the queue.
  std::size_t under_way_ TASKGRAPH_GUARDED_BY(mutex_) = 0;
  threads::Condition idle_;
  std::thread thread_;
};

// A deadline as gRPC takes it, on the monotonic clock.
gpr_timespec ToGrpc(Clock::time_point when);

}  // namespace taskgraph::coordination
