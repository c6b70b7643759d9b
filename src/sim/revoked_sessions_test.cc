// SPDX-License-Identifier: Apache-2.0
//
// A coordinator that ends the sessions of nodes that are well, some or all of
// them at once, as etcd before 3.4.31 does after its leader was stopped: every
// task keeps its state.
#include <gtest/gtest.h>

#include <chrono>

#include "sim/tasks.h"
#include "sim/world.h"

namespace taskgraph::sim {
namespace {

using namespace std::chrono_literals;

#ifdef TASKGRAPH_SANITIZED
constexpr Seed kSeeds = 5;
#else
constexpr Seed kSeeds = 100;
#endif

TEST(RevokedSessionsTest, NoTaskIsGivenUp) {  // R5, R25
  for (Seed seed = 1; seed <= kSeeds; ++seed) {
    Random random(seed);
    Workload load;
    load.kind = Workload::Kind::kTreeSum;
    load.tasks = static_cast<TaskId>(2 + random.Below(6));
    load.epochs = 1'000'000;
    load.backups = static_cast<std::uint32_t>(random.Below(2));
    const Accomplices accomplices;
    const Job job = MakeJob(load, accomplices);
    WorldOptions options;
    options.nodes = static_cast<std::uint32_t>(2 + random.Below(4));
    options.slots = load.tasks;
    World world(seed, job, options);
    world.RunFor(5s);

    for (int times = 0; times < 3; ++times) {
      const bool all = random.Chance(0.5);
      for (std::uint32_t node = 0; node < options.nodes; ++node) {
        if (!all && random.Chance(0.5)) continue;
        world.RevokeSession(node);
        if (random.Chance(0.5)) world.RunFor(random.Between(0ms, 20ms));
      }
      world.RunFor(5s);
      ASSERT_FALSE(world.checker().violation()) << seed;
    }

    for (TaskId task = 0; task < load.tasks; ++task) {
      ASSERT_EQ(world.checker().records().of(task).incarnation, 1U)
          << "task " << task << ", seed " << seed;
    }
  }
}

}  // namespace
}  // namespace taskgraph::sim
