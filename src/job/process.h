// SPDX-License-Identifier: Apache-2.0
//
// Process: this program once more, as a child.
//
// A child can't outlive the one who started it, however that one ends (the
// kernel kills it). It has a process group of its own, so that a Ctrl-C meant
// for the launcher reaches the launcher alone, and reads from /dev/null.
//
// Threads: that of the main loop; if it ends, the kernel ends its children.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "taskgraph/error.h"

namespace taskgraph::job {

// How a process ended: "exit code 3", or "signal 9 (Killed)" and its number.
struct Ending {
  std::string text;
  int signal = 0;  // 0: none.
};

class Process {
 public:
  // Runs this program with `arguments` after its name, and without those
  // variables of the environment that would be read as options.
  static Result<Process> Start(std::vector<std::string> arguments);

  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  // Kills and buries it, if that was not done.
  ~Process();

  pid_t pid() const { return pid_; }

  // Readable when it has ended.
  int exit_fd() const { return exit_fd_; }

  void Signal(int number) const;

  // Waits for its end, and says what it was.
  Ending Bury();

 private:
  Process(pid_t pid, int exit_fd) : pid_(pid), exit_fd_(exit_fd) {}

  pid_t pid_;
  int exit_fd_;
};

}  // namespace taskgraph::job
