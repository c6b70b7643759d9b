// SPDX-License-Identifier: Apache-2.0
#include "runtime/loop.h"

#include <chrono>

namespace taskgraph::runtime {
namespace {

// A callback that the lookout sees twice has run for one to two of these.
constexpr std::chrono::milliseconds kGlance{1};

// Glances without any callback seen, after which the lookout sleeps.
constexpr int kIdleGlances = 100;

}  // namespace

Loop::Loop(LoopClient& client, std::size_t threads_max)
    : client_(client), threads_max_(threads_max < 2 ? 2 : threads_max) {}

Loop::~Loop() {
  for (std::thread& thread : threads_) thread.join();
}

void Loop::Run() {
  {
    const threads::Lock lock(mutex_);
    AddFollower();
  }
  Lead();
  followers_.fetch_add(1);
  Follow();
  threads::Lock lock(mutex_);
  // The baton may have changed hands: wait for the end, wherever it comes
  // about.
  while (!stopping_ || away_.load() != 0) all_back_.Wait(lock);
}

// With the baton, until it is lost to the lookout or the client is done.
void Loop::Lead() noexcept {
  bool has_baton = true;
  while (has_baton && !client_.done()) {
    // Without a lookout nobody could take over from a slow callback.
    Callback* callback =
        client_.Round(followers_.load() > 0 ? LoopClient::MayRun::kYes
                                            : LoopClient::MayRun::kNo);
    if (callback != nullptr) RunInline(*callback, has_baton);
  }
  if (!has_baton) return;
  const threads::Lock lock(mutex_);
  stopping_ = true;
  lookout_wakes_.NotifyAll();
  follower_wakes_.NotifyAll();
  all_back_.NotifyAll();
}

void Loop::RunInline(Callback& callback, bool& has_baton) {
  const std::uint64_t number = ++last_turn_;
  running_.store(number);
  if (lookout_sleeps_.load()) WakeLookout();
  client_.Run(callback);
  std::uint64_t expected = number;
  has_baton = running_.compare_exchange_strong(expected, 0);
  if (has_baton) {
    client_.Finish(callback);
    return;
  }
  client_.FinishLater(callback);
  const threads::Lock lock(mutex_);
  away_.fetch_sub(1);
  all_back_.NotifyAll();
}

// The life of a thread without the baton: idle, lookout, and sometimes leader.
void Loop::Follow() {
  while (true) {
    {
      threads::Lock lock(mutex_);
      while (!stopping_ && has_lookout_) follower_wakes_.Wait(lock);
      if (stopping_) return;
      has_lookout_ = true;
    }
    const bool took_over = WatchUntilTakeover();
    {
      const threads::Lock lock(mutex_);
      has_lookout_ = false;
      if (!took_over) return;  // Stopping.
      if (followers_.fetch_sub(1) == 1) AddFollower();
      follower_wakes_.NotifyOne();
    }
    Lead();
    followers_.fetch_add(1);
  }
}

// Glances until the same callback is seen twice; then takes the baton. False:
// it is time to stop.
bool Loop::WatchUntilTakeover() {
  std::uint64_t seen = 0;
  int idle = 0;
  threads::Lock lock(mutex_);
  while (!stopping_) {
    if (idle >= kIdleGlances) {
      lookout_sleeps_.store(true);
      if (running_.load() ==
          0) {  // Else it began before it could see us asleep.
        while (!stopping_ && lookout_sleeps_) lookout_wakes_.Wait(lock);
      }
      lookout_sleeps_.store(false);
      idle = 0;
    }
    lookout_wakes_.WaitFor(lock, kGlance);
    std::uint64_t running = running_.load();
    if (running != 0 && running == seen) {
      away_.fetch_add(1);
      if (running_.compare_exchange_strong(running, 0)) return true;
      away_.fetch_sub(1);
    }
    idle = running == seen ? idle + 1 : 0;
    seen = running;
  }
  return false;
}

void Loop::WakeLookout() {
  const threads::Lock lock(mutex_);
  lookout_sleeps_.store(false);
  lookout_wakes_.NotifyOne();
}

void Loop::AddFollower() {
  if (threads_.size() + 1 >= threads_max_) return;
  followers_.fetch_add(1);
  threads_.emplace_back([this] { Follow(); });
}

}  // namespace taskgraph::runtime
