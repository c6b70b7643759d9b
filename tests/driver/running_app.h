// SPDX-License-Identifier: Apache-2.0
//
// RunningApp: a test application as a process, followed by its events.
//
// Whoever waits does so for an event or an end, with a guard of a minute for
// the case that it never comes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace taskgraph::test {

// How often `what` is in `text`.
std::size_t CountIn(const std::string& text, const std::string& what);

// A folder for one test.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const {
    return path_ / name;
  }
  // The text of a file in it; empty: there is none.
  std::string Read(const std::string& name) const;
  void Write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

// A process that is not ours to wait for.
class Witness {
 public:
  explicit Witness(pid_t pid);
  ~Witness();
  Witness(Witness&& other) noexcept;
  Witness& operator=(Witness&&) = delete;

  // Whether it ended in time.
  bool SeesTheEnd() const;

 private:
  int fd_;
};

class RunningApp {
 public:
  // Starts it with `arguments`; `environment` is added to ours.
  explicit RunningApp(std::vector<std::string> arguments,
                      const std::vector<std::string>& environment = {},
                      const std::string& program = DRIVER_APP);
  ~RunningApp();
  RunningApp(const RunningApp&) = delete;
  RunningApp& operator=(const RunningApp&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int number) const;

  // The next event of that name that fits; null: none came in time. For
  // commands that take --events.
  nlohmann::json NextEvent(const std::string& name);
  // The next event, whatever it is.
  nlohmann::json AnyEvent();

  // All that it wrote so far.
  std::string Output() const { return folder_.Read("output"); }
  // Until that has `text` in it, `times` times; events are kept for later.
  bool WaitForOutput(const std::string& text, std::size_t times = 1);

  // Whether its private folder is still there.
  bool LeftSomethingBehind() const;
  // How many files are in that.
  std::int64_t CountPrivateFiles() const;

  // Whether it stood still, as after a Ctrl-Z.
  bool WaitUntilStopped() const;

  // The exit code, or minus the signal that killed it; -1000: it did not end in
  // time (and is killed).
  int Wait();

 private:
  bool ReadEvents();

  TestFolder folder_;  // Also for private folders of the application's.
  pid_t pid_ = -1;
  int events_fd_ = -1;
  std::string unread_;
};

}  // namespace taskgraph::test
