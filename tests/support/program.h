// SPDX-License-Identifier: Apache-2.0
//
// Programs that tests and benchmarks start beside themselves, and folders for
// what these leave behind.
//
// No program outlives who started it: the kernel kills it with the thread that
// made it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace taskgraph::test {

// A temporary folder, gone with its owner.
class Folder {
 public:
  explicit Folder(const std::string& name = "taskgraph-test");
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

// What a program finds, besides its arguments.
struct Surroundings {
  int fd = -1;              // Kept open under the same number.
  std::string output = {};  // Files to whose end it writes; empty: as we do.
  std::string errors = {};
  std::vector<std::string> environment = {};  // Added to ours: "NAME=VALUE".
};

// A running process; killed with its owner if it has not ended.
class Program {
 public:
  // `arguments[0]` is the program, without a path one beside this.
  explicit Program(std::vector<std::string> arguments,
                   const Surroundings& surroundings = {});
  ~Program();
  Program(Program&& other) noexcept;
  Program& operator=(Program&&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int number) const;
  // Whether nothing is left but to ask for the exit code.
  bool HasEnded() const;
  // The exit code; 128 + N if signal N ended it.
  int Wait();
  // Waits. If the code is not 0, that is told, and ends this program.
  void Succeed();

 private:
  std::string name_;
  pid_t pid_;
};

// This program's path.
std::string Self();

// The path of a program that the system has; empty: it has none.
std::string Tool(const std::string& name);

}  // namespace taskgraph::test
