// SPDX-License-Identifier: Apache-2.0
//
// What an epoch costs the coordinator.
#include <gtest/gtest.h>

#include <chrono>

#include "sim/crowd_testing.h"

namespace taskgraph::sim {
namespace {

using namespace std::chrono_literals;

// R6: whatever the number of tasks; metas, requests and answers cost none.
TEST(CostTest, AnEpochIsOneWrite) {
  for (const TaskId tasks : {TaskId{15}, TaskId{255}}) {
    const Accomplices accomplices;
    const Job job = MakeJob(TreeOf(tasks, /*epochs=*/1000), accomplices);
    WorldOptions options;
    options.nodes = 5;
    options.slots = tasks;
    World world(1, job, options);
    world.RunFor(2s);  // All have begun, and nobody comes or goes.
    const auto writes = world.registry().store().revision();
    const Epoch epoch = world.checker().records().epoch();
    world.RunFor(1s);

    const Epoch epochs = world.checker().records().epoch() - epoch;
    EXPECT_GT(epochs, 5U);
    EXPECT_EQ(world.registry().store().revision() - writes,
              static_cast<coordination::Revision>(epochs));
  }
}

}  // namespace
}  // namespace taskgraph::sim
