// SPDX-License-Identifier: Apache-2.0
//
// Reactor: waits for sockets and timers, and runs what was waiting for them.
//
// Intuition: the node's ear. Whoever holds the node's loop listens for a while;
// others may knock from any thread (Wake), or leave a note (Post).
//
// Threads: Poll is called by whoever holds the loop: not always the same
// thread, but never two at a time, and never from within Poll. Wake and Post
// may be called by anyone at any time.
#pragma once

#include <functional>
#include <memory>

#include "taskgraph/types.h"

namespace taskgraph::transport {

class Reactor {
 public:
  // Before a Poll sleeps it looks for what comes for so long, awake, as long as
  // that is worth it (BusyPolling).
  explicit Reactor(Duration busy_poll = {});
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Writes out what was sent since the last Poll, waits until something is
  // ready, `wait_max` has passed (0: does not wait) or Wake is called, and runs
  // what is ready. Does not wait while more of that can be written. May return
  // early with nothing done, and with more being ready: a caller loops anyway.
  void Poll(Duration wait_max);

  // Makes the Poll under way, or else the next one, return at once.
  void Wake();

  // Runs `work` in a Poll, in the order posted by one thread.
  void Post(std::function<void()> work);

  // What sockets are made of; for this folder.
  class Backend;
  Backend& backend() { return *backend_; }

 private:
  std::unique_ptr<Backend> backend_;
};

}  // namespace taskgraph::transport
