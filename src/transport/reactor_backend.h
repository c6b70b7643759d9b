// SPDX-License-Identifier: Apache-2.0
//
// Reactor::Backend: the part of the reactor that knows Asio. For the sources of
// this folder only, so that nobody else compiles Asio.
#pragma once

#include <asio.hpp>
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "transport/reactor.h"

namespace taskgraph::transport {

// Something to do at the beginning of the next Poll.
class Chore {
 public:
  virtual ~Chore() = default;
  virtual void Run() = 0;
};

class Reactor::Backend {
 public:
  asio::io_context& io() { return io_; }

  // How often Poll was begun: tells the first write of a round, which goes at
  // once, from the others, which are collected.
  std::uint64_t round() const { return round_; }

  // Only for who holds the loop.
  void BeforePoll(std::shared_ptr<Chore> chore) {
    chores_.push_back(std::move(chore));
  }

 private:
  friend class Reactor;
  using Alarm = asio::steady_timer;

  // Makes io_ have something to run by `end`.
  void WakeBy(Alarm::time_point end);

  // Sockets and timers are only touched by who holds the loop, so Asio need not
  // lock them; Post and Wake are safe nevertheless.
  asio::io_context io_{ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  // Poll waits even while no socket is open.
  asio::executor_work_guard<asio::io_context::executor_type> work_ =
      asio::make_work_guard(io_);
  Alarm alarm_{io_};
  bool alarm_set_ = false;
  std::atomic<bool> waking_ = false;
  std::uint64_t round_ = 1;
  std::vector<std::shared_ptr<Chore>> chores_;
  std::vector<std::shared_ptr<Chore>> running_;  // Keeps its memory.
};

}  // namespace taskgraph::transport
