// SPDX-License-Identifier: Apache-2.0
//
// For tests: how many writes of the coordinator's it takes until a crowd of
// nodes, started within a second, has a task each.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

#include "sim/tasks.h"
#include "sim/world.h"

namespace taskgraph::sim {

inline Workload TreeOf(TaskId tasks, Epoch epochs) {
  Workload load;
  load.kind = Workload::Kind::kTreeSum;
  load.tasks = tasks;
  load.epochs = epochs;
  return load;
}

inline bool AllPlaced(const World& world, TaskId tasks) {
  for (TaskId task = 0; task < tasks; ++task) {
    if (!world.checker().records().of(task).HasPrimary()) return false;
  }
  return true;
}

inline coordination::Revision WritesUntilPlaced(std::uint32_t nodes) {
  const Accomplices accomplices;
  const Job job = MakeJob(TreeOf(nodes, /*epochs=*/50), accomplices);
  WorldOptions options;
  options.nodes = nodes;
  options.slots = 1;
  options.controllers = 3;
  options.start_max = std::chrono::seconds(1);
  World world(1, job, options);
  while (!AllPlaced(world, nodes) && world.now() < std::chrono::minutes(1)) {
    world.RunFor(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(AllPlaced(world, nodes));
  EXPECT_FALSE(world.checker().violation());
  EXPECT_FALSE(world.end());
  return world.registry().store().revision();
}

// A key for each node; the placement, in pieces of 50 tasks; the job, its
// controller, and some epochs.
inline coordination::Revision WritesThatAreFew(std::uint32_t nodes) {
  return nodes + nodes / 50 + 20;
}

}  // namespace taskgraph::sim
