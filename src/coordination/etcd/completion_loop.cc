// SPDX-License-Identifier: Apache-2.0
#include "coordination/etcd/completion_loop.h"

#include <memory>

namespace taskgraph::coordination {

gpr_timespec ToGrpc(Clock::time_point when) {
  const auto left =
      std::chrono::duration_cast<std::chrono::nanoseconds>(when - Clock::now());
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(left.count(), GPR_TIMESPAN));
}

CompletionLoop::CompletionLoop() : thread_([this] { Run(); }) {}

CompletionLoop::~CompletionLoop() {
  {
    threads::Lock lock(mutex_);
    timers_.clear();
    // A cancelled stream still takes a few operations to its end, and the queue
    // takes none after Shutdown.
    while (under_way_ > 0) idle_.Wait(lock);
    queue_.Shutdown();
  }
  thread_.join();
}

void* CompletionLoop::Tag(Completion done) {
  mutex_.AssertHeld();
  ++under_way_;
  return new Completion(std::move(done));
}

CompletionLoop::TimerId CompletionLoop::At(Clock::time_point when,
                                           std::function<void()> action) {
  mutex_.AssertHeld();
  const TimerId id{when, timers_made_++};
  timers_.emplace(id, std::move(action));
  if (when < sleeping_until_) Wake();
  return id;
}

void CompletionLoop::Cancel(const TimerId& timer) {
  mutex_.AssertHeld();
  timers_.erase(timer);
}

// The loop sleeps in gRPC; an alarm that is due at once ends its sleep.
void CompletionLoop::Wake() {
  sleeping_until_ = {};
  const auto alarm = std::make_shared<grpc::Alarm>();
  alarm->Set(&queue_, gpr_now(GPR_CLOCK_MONOTONIC), Tag([alarm](bool) {}));
}

Clock::time_point CompletionLoop::NextTimer() {
  const threads::Lock lock(mutex_);
  sleeping_until_ = timers_.empty() ? Clock::now() + std::chrono::hours(1)
                                    : timers_.begin()->first.first;
  return sleeping_until_;
}

void CompletionLoop::Run() {
  while (true) {
    void* tag = nullptr;
    bool ok = false;
    const auto status = queue_.AsyncNext(&tag, &ok, ToGrpc(NextTimer()));
    if (status == grpc::CompletionQueue::SHUTDOWN) return;
    const threads::Lock lock(mutex_);
    sleeping_until_ = {};
    if (status == grpc::CompletionQueue::GOT_EVENT) {
      const std::unique_ptr<Completion> done(static_cast<Completion*>(tag));
      (*done)(ok);
      if (--under_way_ == 0) idle_.NotifyAll();
    }
    RunDueTimers();
  }
}

void CompletionLoop::RunDueTimers() {
  while (!timers_.empty() && timers_.begin()->first.first <= Clock::now()) {
    const auto action = std::move(timers_.extract(timers_.begin()).mapped());
    action();
  }
}

}  // namespace taskgraph::coordination
