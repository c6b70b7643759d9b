// SPDX-License-Identifier: Apache-2.0
//
// The processes of a benchmark: this program once more in another role, or a
// neighbor in its folder.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "taskgraph/job.h"

namespace taskgraph::bench {

// A temporary folder, gone with its owner.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

// A running process; killed with its owner if it has not ended.
class Program {
 public:
  // `arguments[0]` is the program, without a path one beside this. It keeps
  // `fd`, if any, open under the same number.
  explicit Program(std::vector<std::string> arguments, int fd = -1);
  ~Program();
  Program(Program&& other) noexcept;
  Program& operator=(Program&&) = delete;

  void Signal(int number) const;
  // The exit code; 128 + N if signal N ended it.
  int Wait();
  // Waits, and fails with a word about it if the code is not 0.
  void Succeed();

 private:
  std::string name_;
  pid_t pid_;
};

// This program's path.
std::string Self();

// If the command line asks for a role in a job (run, node, controller) this
// plays it, as the benchmark's child, and returns the exit code.
std::optional<int> PlayRole(const Job& job, int argc, char** argv);

// Runs a job of this program on this machine: `run` with these arguments and a
// name of its own. Fails if it fails.
void RunJob(std::vector<std::string> arguments);

// The same, without waiting for its end.
Program StartJob(std::vector<std::string> arguments);

// "--config=NAME=VALUE".
std::string Setting(const std::string& name, const std::string& value);
std::string Setting(const std::string& name, double value);

}  // namespace taskgraph::bench
