// SPDX-License-Identifier: Apache-2.0
//
// Two jobs for the simulator, made of user tasks like anybody's, whose end is
// known beforehand.
//
// TreeSum: the root's word goes down a tree by metas, sums come up by requests.
// Chatter: in each epoch another random graph; tasks flag metas, ask each other
// with and without keys, answer at once and later, decline, withdraw, ask what
// nobody serves and whom they have no link to. What all of them have heard is
// summed up a tree.
//
// Intuition: an audit with a known result. Every meta and every answer adds a
// number to a sum that the root compares with what it must be; one heard twice,
// or lost, or of another epoch, shows.
#pragma once

#include <functional>
#include <string>

#include "sim/random.h"
#include "taskgraph/job.h"

namespace taskgraph::sim {

struct Workload {
  enum class Kind : std::uint8_t { kTreeSum, kChatter };

  Kind kind = Kind::kChatter;
  Seed seed = 1;  // Of the graphs and of who asks whom what.
  TaskId tasks = 6;
  Epoch epochs = 10;
  std::uint32_t backups = 0;  // Of each task.
};

// How the tasks reach the world around them.
struct Accomplices {
  // A task has seen what must not be.
  std::function<void(std::string)> complain;
};

// `accomplices` must outlive the job.
Job MakeJob(const Workload& workload, const Accomplices& accomplices);

// How the job ends, whatever fails meanwhile.
ExitStatus ExpectedEnd(const Workload& workload);

}  // namespace taskgraph::sim
