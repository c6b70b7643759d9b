// SPDX-License-Identifier: Apache-2.0
//
// The job behind epoch_rounds and recovery_time: in each epoch every task pulls
// a parameter from its parent in a tree, and the sum of all gradients comes up
// to the root, which checks it and advances the epoch.
//
// It is written as the applications are: nothing in it is about failures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "taskgraph/job.h"

namespace taskgraph::bench {

Job TreeJob();

struct TreeLoad {
  int epochs = 1;
  // A task asks as soon as it enters, and is answered when the answer is known;
  // or it first waits for a meta that says that it is, as in
  // examples/regression: twice as many messages, half of them metas.
  enum class Style { kAskAtOnce, kWaitForMeta } style = Style::kAskAtOnce;
  int floats = 1;  // Length of parameter and gradient.
};

// Settings of one run, as arguments of `run`. In the report are the times
// between the root's entering of one epoch and the next; its remark is how many
// bytes of memory the root's process had in use at the end. `stamps`, if not
// empty, is a file that gets a Stamp whenever a task begins, and when the root
// enters an epoch.
std::vector<std::string> Settings(const TreeLoad& load,
                                  const std::string& report,
                                  const std::string& stamps = {});

struct Stamp {
  enum class What : std::uint32_t { kTaskBegan, kEpochEntered } what;
  TaskId task = 0;
  Epoch epoch = 0;
  std::int64_t at_ns = 0;
};
std::vector<Stamp> ReadStamps(const std::string& path);

// Memory of this process that is in use.
double ResidentBytes();

}  // namespace taskgraph::bench
