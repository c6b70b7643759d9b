// SPDX-License-Identifier: Apache-2.0
//
// LargeJob: a run of large_app, and what its processes counted.
//
// Intuition: the promise is that a payload is in the memory of a process once,
// and that only the kernel ever copies it. So the bytes allocated are to be
// those of the payloads that the task itself made, or that a socket filled;
// and the bytes copied none, but for those that come along with a header.
#pragma once

#include <cstdint>
#include <string>

namespace taskgraph::test {

inline constexpr std::uint64_t kMiB = 1 << 20;

// What a process has besides the payload: code, libraries, buffers of sockets.
inline constexpr std::uint64_t kConstantBytes = 64 * kMiB;

struct LargeLoad {
  std::string ask = "array";
  std::uint64_t bytes = 64 * kMiB;
  int pulls = 1;  // One after the other, by each task.
  int sinks = 1;
  int nodes = 2;
};

struct Counted {
  std::uint64_t allocated_bytes = 0;
  std::uint64_t copied_bytes = 0;
  std::uint64_t peak_bytes = 0;
};

class LargeJob {
 public:
  // Runs it, each node on a Unix socket.
  explicit LargeJob(const LargeLoad& load);

  // The process of task 0, and that of a task that pulls.
  Counted source() const { return source_; }
  Counted sink() const { return sink_; }

 private:
  Counted source_, sink_;
};

}  // namespace taskgraph::test
