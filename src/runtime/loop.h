// SPDX-License-Identifier: Apache-2.0
//
// Loop: one baton, several runners.
//
// Intuition: whoever holds the baton listens to the network, steps the core,
// and, when a task has something to do, calls it back right there: a short
// callback costs no hand-off between threads. But a lookout glances at the
// runner every millisecond: if he is still in the same callback, the lookout
// takes the baton over and goes on in his place, another one becomes lookout,
// and the first hands in his result when he is done. So a slow callback stalls
// nothing, and a quick one pays nothing.
//
// While no callback runs the lookout sleeps; a runner wakes him at the first
// callback after a pause, so that an idle node costs no time. (The leader and
// follower roles are those of the pattern of that name, Schmidt et al. 2000;
// the takeover by time is ours.)
//
// This file is where the threads of a node are.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "threads/mutex.h"

namespace taskgraph::runtime {

// A callback that is ready to run; the client's own type derives from it.
struct Callback {
  virtual ~Callback() = default;
};

class LoopClient {
 public:
  virtual ~LoopClient() = default;

  // With the baton: waits for and handles what comes in. Returns a callback to
  // run; none: nothing is ready. With `may_run` kNo it returns none, and leaves
  // what is ready for later.
  enum class MayRun : std::uint8_t { kYes, kNo };
  virtual Callback* Round(MayRun may_run) = 0;

  // With the baton: no more rounds are needed.
  virtual bool done() const = 0;

  // Without the baton, on any thread: runs the callback.
  virtual void Run(Callback& callback) = 0;

  // With the baton: takes the result of a callback that has run.
  virtual void Finish(Callback& callback) = 0;

  // Without the baton, on any thread: leaves the result where the next Round
  // finds it, and ends the wait of a Round that is under way.
  virtual void FinishLater(Callback& callback) = 0;
};

class Loop {
 public:
  // Callbacks beyond `threads_max` - 1 slow ones wait for one of these to end.
  Loop(LoopClient& client, std::size_t threads_max);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until the client is done and no callback runs any more. The calling
  // thread is the first runner.
  void Run();

 private:
  // An exception of the client's, of which there should be none but for want of
  // memory, ends the process: other runners would wait for ever.
  void Lead() noexcept;
  void RunInline(Callback& callback, bool& has_baton);
  void Follow();
  bool WatchUntilTakeover();
  void WakeLookout();
  void AddFollower() TASKGRAPH_REQUIRES(mutex_);

  LoopClient& client_;
  const std::size_t threads_max_;

  // The number of the callback that the holder of the baton is in; 0: it is in
  // none. Who swaps it for 0 has the baton.
  std::atomic<std::uint64_t> running_{0};
  std::uint64_t last_turn_ = 0;  // With the baton.
  std::atomic<bool> lookout_sleeps_{false};
  std::atomic<std::size_t> away_{
      0};  // Threads in callbacks that lost the baton.

  std::atomic<std::size_t> followers_{0};  // Idle ones, the lookout included.

  threads::Mutex mutex_;
  threads::Condition lookout_wakes_;
  threads::Condition follower_wakes_;
  threads::Condition all_back_;
  bool has_lookout_ TASKGRAPH_GUARDED_BY(mutex_) = false;
  bool stopping_ TASKGRAPH_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_ TASKGRAPH_GUARDED_BY(mutex_);
};

}  // namespace taskgraph::runtime
