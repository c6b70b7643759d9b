// SPDX-License-Identifier: Apache-2.0
//
// Reactor::Backend: what the sockets and timers of this folder see of the
// reactor.
//
// Intuition: epoll as a doorbell, not as a guard: it rings once when something
// has come, and not again because it is still there (edge-triggered). So
// whoever is told looks until nothing is left, or asks to be told again; and
// nobody asks the system whether there is more when a short read has said so.
//
// For who holds the loop, except where it says otherwise.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "threads/mutex.h"
#include "transport/busy_polling.h"
#include "transport/reactor.h"

namespace taskgraph::transport {

// Something to do at the beginning of the next Poll.
class Chore {
 public:
  virtual ~Chore() = default;
  virtual void Run() = 0;
};

// Who is told about a descriptor.
class Watch {
 public:
  virtual ~Watch() = default;
  // `events` as epoll's. May end any watch, also this one.
  virtual void Ready(std::uint32_t events) = 0;

 private:
  friend class Reactor::Backend;
  std::uint32_t due_ = 0;  // Events that it will be told.
};

class Timer;

class Reactor::Backend {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static TimePoint Now() { return std::chrono::steady_clock::now(); }

  // Throws std::system_error if the process has no descriptors left.
  explicit Backend(Duration busy_poll);
  ~Backend();

  // Tells `watch` of these events at the descriptor from now on, first of those
  // that are there already; of hang-ups always. An errno, or 0.
  int Begin(int descriptor, std::uint32_t events, Watch& watch);
  int Change(int descriptor, std::uint32_t events, Watch& watch);
  // Tells it of `events`, too, after the others had a turn.
  void TellLater(std::uint32_t events, Watch& watch);
  // Before the descriptor is closed. It may still be told of what it is just
  // being told, so it lives a little longer.
  void End(int descriptor, std::unique_ptr<Watch> watch);

  // As Reactor::Post; any thread.
  void Post(std::function<void()> work);

  // How often Poll was begun: tells the first write of a round, which goes at
  // once, from the others, which are collected.
  std::uint64_t round() const { return round_; }

  void BeforePoll(std::shared_ptr<Chore> chore) {
    chores_.push_back(std::move(chore));
  }

 private:
  friend class Reactor;
  friend class Timer;
  class Bell;  // The alarm's watch.

  void Wake();
  void Poll(Duration wait_max);
  void RunChores();
  bool RunPosted();
  // How many events are fetched at a time; the others stay with the system.
  using Events = std::array<epoll_event, 64>;
  void Fetch(Duration wait_max);
  int Look(Events& events, Duration& wait_max);
  int Sleep(Events& events, Duration wait_max);
  void WakeWithin(Duration wait_max);
  void WakeBy(TimePoint end);
  void RingTimers();

  int epoll_ = -1;
  int knock_ = -1;  // Any thread writes to it.
  int alarm_ = -1;
  std::unique_ptr<Bell> bell_;

  // Whose turn it is in this cycle, from at_ on, and who is due in the next.
  // Null: it has ended.
  std::vector<Watch*> cycle_;
  std::size_t at_ = 0;
  std::vector<Watch*> due_;
  std::vector<std::unique_ptr<Watch>> ended_;  // Until the next Poll.

  BusyPolling busy_polling_;

  std::vector<Timer*> timers_;  // Those that are set: few.
  TimePoint alarm_at_ = TimePoint::max();
  TimePoint noted_{};  // A moment not in the future.

  std::uint64_t round_ = 1;
  std::vector<std::shared_ptr<Chore>> chores_;
  std::vector<std::shared_ptr<Chore>> running_;  // Keeps its memory.

  std::atomic<bool> woken_ = false;   // Since epoll was asked.
  std::atomic<bool> asleep_ = false;  // So a knock is needed.
  std::atomic<bool> has_posted_ = false;
  threads::Mutex mutex_;
  std::vector<std::function<void()>> posted_ TASKGRAPH_GUARDED_BY(mutex_);
};

// Rings once, in a Poll, at a moment or soon after.
class Timer {
 public:
  using TimePoint = Reactor::Backend::TimePoint;

  explicit Timer(Reactor::Backend& backend) : backend_(backend) {}
  ~Timer() { Stop(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // In place of what was set before.
  void Set(TimePoint at, std::function<void()> ring);
  void Stop();

  TimePoint at() const { return at_; }

 private:
  friend class Reactor::Backend;
  Reactor::Backend& backend_;
  TimePoint at_{};
  std::function<void()> ring_;  // Empty: not set.
};

}  // namespace taskgraph::transport
