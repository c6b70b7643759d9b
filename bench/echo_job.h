// SPDX-License-Identifier: Apache-2.0
//
// The job behind request_latency and bulk_transfer: task 1 asks task 0, over
// and over, and writes down how long each answer took. If there is a task 2 it
// computes all the while, in one single callback.
#pragma once

#include <string>

#include "taskgraph/job.h"

namespace taskgraph::bench {

Job EchoJob();

// What is asked for.
inline constexpr char kAskEcho[] = "echo";    // The 16 bytes that were sent.
inline constexpr char kAskArray[] = "array";  // An Array<float>.

// A std::vector<float> that is moved into the answer; or one that the task
// keeps, so that C++ copies it for each answer.
inline constexpr char kAskVector[] = "vector";
inline constexpr char kAskKeptVector[] = "kept-vector";

// Settings of one run, as arguments of `run` or `controller`.
struct EchoLoad {
  std::string ask = kAskEcho;
  int trips = 1;
  int in_flight = 1;
  std::size_t answer_bytes = 0;  // Of arrays and vectors.
  bool computing = false;        // Whether there is a task 2.
  std::string busy_poll = "0s";  // Of nodes.
};
std::vector<std::string> Settings(const EchoLoad& load,
                                  const std::string& report);

// In the run's remark: echoes that came back in another memory than they were
// sent from.

}  // namespace taskgraph::bench
