// SPDX-License-Identifier: Apache-2.0
//
// Nodes that are told only of the keys that they need: whether the rules hold
// all the same, and what is saved.
#include "sim/interest.h"

#include <gtest/gtest.h>

#include <chrono>

#include "sim/crowd_testing.h"
#include "sim/faults.h"

namespace taskgraph::sim {
namespace {

using namespace std::chrono_literals;

#ifdef TASKGRAPH_SANITIZED
constexpr Seed kSeeds = 10;
#else
constexpr Seed kSeeds = 100;
#endif

TEST(InterestTest, WhoKnowsOnlyWhatConcernsItKeepsTheRules) {
  for (Seed seed = 1; seed <= kSeeds; ++seed) {
    Random random(seed);
    const auto tasks = static_cast<TaskId>(2 + random.Below(10));
    Workload load = TreeOf(tasks, /*epochs=*/20);
    load.backups = static_cast<std::uint32_t>(random.Below(2));
    const Accomplices accomplices;
    Job job = MakeJob(load, accomplices);
    job.options().failure.max_failures = 1000;
    WorldOptions options;
    options.coordinator.by_interest = true;
    options.slots = load.tasks;
    World world(seed, job, options);
    std::vector<FaultKind> kinds = AllFaultKinds();
    std::erase(kinds, FaultKind::kRetire);  // It would end the job.
    Faults faults(world, random.Next(), DrawClimate(random, kinds));
    world.RunFor(5s);
    faults.Stop();
    ASSERT_TRUE(world.HealAndFinish(120s))
        << "seed " << seed << ": " << world.checker().violation()->what;
    EXPECT_EQ(world.end()->status, ExpectedEnd(load)) << "seed " << seed;
  }
}

std::uint64_t ValuesToldAtStart(bool by_interest) {
  constexpr TaskId kTasks = 300;
  const Accomplices accomplices;
  const Job job = MakeJob(TreeOf(kTasks, /*epochs=*/1000), accomplices);
  WorldOptions options;
  options.nodes = 30;
  options.slots = 10;
  options.coordinator.by_interest = by_interest;
  World world(1, job, options);
  while (!AllPlaced(world, kTasks) && world.now() < 1min) world.RunFor(10ms);
  EXPECT_TRUE(AllPlaced(world, kTasks));
  return world.registry().load().values;
}

TEST(InterestTest, WhatIsToldAtTheStartIsAFraction) {
  EXPECT_LT(ValuesToldAtStart(true), ValuesToldAtStart(false) / 4);
}

}  // namespace
}  // namespace taskgraph::sim
