// SPDX-License-Identifier: Apache-2.0
//
// Signals: what the user or the system wants of this process, as callbacks on
// the main loop.
//
// Handlers write to a pipe; so nothing is blocked that programs started by a
// task would inherit. A signal that is ignored (nohup, a shell's background
// job) stays ignored. One object at a time, in the thread of the main loop.
#pragma once

#include <signal.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "job/main_loop.h"

namespace taskgraph::job {

class Signals {
 public:
  // Calls `heard` for each of `numbers`. The loop must outlive it.
  Signals(MainLoop& loop, const std::vector<int>& numbers,
          std::function<void(int)> heard);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  void Read();

  MainLoop& loop_;
  std::function<void(int)> heard_;
  std::map<int, struct sigaction> before_;
  int read_fd_ = -1;
  int write_fd_ = -1;
};

// Threads that begin while it lives leave the signals to the others. Two
// signals in a row would else be handled by two threads, and come in either
// order.
class SignalsForOthers {
 public:
  explicit SignalsForOthers(const std::vector<int>& numbers);
  ~SignalsForOthers();
  SignalsForOthers(const SignalsForOthers&) = delete;
  SignalsForOthers& operator=(const SignalsForOthers&) = delete;

 private:
  sigset_t before_{};
};

// "SIGTERM": for messages.
std::string SignalName(int number);

}  // namespace taskgraph::job
