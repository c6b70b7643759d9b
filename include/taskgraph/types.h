// SPDX-License-Identifier: Apache-2.0
//
// The words of TaskGraph that are plain numbers and names.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace taskgraph {

// A logical unit of work: 0..N-1, alive from the job's start to its end.
using TaskId = std::uint32_t;

// The job's global counter; it scopes every meta and every data request.
using Epoch = std::uint64_t;

// Number of a task's primacy; rises at each change of primary. A fencing token:
// of two writers for one task, the one with the higher term is the true one.
using Term = std::uint64_t;

// A task's life between two losses of its state. The first is 1.
using Incarnation = std::uint64_t;

// Number of the job's runs from checkpoints. The first is 1.
using Generation = std::uint64_t;

// Numbers a task's data requests within one of its incarnations, from 1.
using RequestNumber = std::uint64_t;

// A named relation between tasks, such as "parents".
using LinkType = std::string;

using Duration = std::chrono::nanoseconds;

// Names one execution of a data request in the whole job. Use it to fence
// effects outside the framework: the same request never has two different ids.
struct RequestId {
  TaskId task = 0;  // Who asks.
  Incarnation incarnation = 0;
  Epoch epoch = 0;
  RequestNumber number = 0;

  friend auto operator<=>(const RequestId&, const RequestId&) = default;
};

// How a job ended. Code 0 is success; 1..125 are the application's or the
// framework's, as a process exit code.
struct ExitStatus {
  int code = 0;
  std::string message;

  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

}  // namespace taskgraph
