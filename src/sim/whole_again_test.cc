// SPDX-License-Identifier: Apache-2.0
//
// When a storm is over, not only does the job go on: each task has its backups
// again. A job that ends soon would not tell; so this one does not end.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "sim/faults.h"
#include "sim/tasks.h"

namespace taskgraph::sim {
namespace {

using namespace std::chrono_literals;

// Sessions run out, and who could not keep a snapshot waits for half a minute.
constexpr Duration kWholeBound = 90s;

#ifdef TASKGRAPH_SANITIZED
constexpr Seed kSeeds = 5;
#else
constexpr Seed kSeeds = 1000;
#endif

Workload Draw(Random& random) {
  Workload load;
  load.kind = Workload::Kind::kTreeSum;  // Its tasks have few neighbors.
  load.tasks = static_cast<TaskId>(2 + random.Below(6));
  load.epochs = 1'000'000;
  load.backups = static_cast<std::uint32_t>(1 + random.Below(2));
  return load;
}

// Of those that a task survives.
Climate DrawHarms(Random& random) {
  std::vector<FaultKind> kinds = AllFaultKinds();
  std::erase_if(kinds, [](FaultKind kind) {
    return kind == FaultKind::kThrow || kind == FaultKind::kRetire ||
           kind == FaultKind::kBadCopy;
  });
  return DrawClimate(random, kinds);
}

// The first task that lacks something.
std::string WhatIsMissing(const World& world, const Workload& load) {
  for (TaskId task = 0; task < load.tasks; ++task) {
    const core::Assignment& record = world.checker().records().of(task);
    if (record.HasPrimary() && record.backups.size() == load.backups) continue;
    std::string text = "task " + std::to_string(task) + " is at '" +
                       record.primary + "', its backups at";
    for (const NodeId& node : record.backups) text += " " + node;
    text += ", to join:";
    for (const NodeId& node : record.joining) text += " " + node;
    return text;
  }
  return {};
}

TEST(WholeAgainTest, EachTaskHasItsBackupsAgainWhenAllIsHealed) {  // R19, R20
  for (Seed seed = 1; seed <= kSeeds; ++seed) {
    Random random(seed);
    const Workload load = Draw(random);
    const Accomplices accomplices;
    Job job = MakeJob(load, accomplices);
    job.options().failure.max_failures = 1000;
    WorldOptions options;
    options.nodes = static_cast<std::uint32_t>(3 + random.Below(5));
    options.slots = load.tasks;
    options.turns = {50ms, 200ms};
    World world(seed, job, options);
    Faults faults(world, random.Next(), DrawHarms(random));
    world.RunFor(8s);
    faults.Stop();

    world.Heal();
    const Time bound = world.now() + kWholeBound;
    while (!WhatIsMissing(world, load).empty() && world.now() < bound) {
      world.RunFor(1s);
      ASSERT_FALSE(world.checker().violation()) << seed;
      ASSERT_FALSE(world.end()) << seed;
    }
    ASSERT_EQ(WhatIsMissing(world, load), "") << "seed " << seed;
  }
}

}  // namespace
}  // namespace taskgraph::sim
