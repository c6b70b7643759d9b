// SPDX-License-Identifier: Apache-2.0
//
// Nodes that are told only of the keys that they need: whether the rules hold
// all the same, and what is saved.
#include "sim/interest.h"

#include <gtest/gtest.h>

#include <chrono>

#include "sim/crowd_testing.h"
#include "sim/storm_testing.h"

namespace taskgraph::sim {
namespace {

using namespace std::chrono_literals;

TEST(InterestTest, WhoKnowsOnlyWhatConcernsItKeepsTheRules) {
  for (Seed seed = 1; seed <= kStorms; ++seed) {
    Random random(seed);
    const auto tasks = static_cast<TaskId>(2 + random.Below(10));
    Workload load = TreeOf(tasks, /*epochs=*/20);
    load.backups = static_cast<std::uint32_t>(random.Below(2));
    EndsWellAfterAStorm(seed, load, random,
                        [](JobOptions&, WorldOptions& options) {
                          options.coordinator.by_interest = true;
                        });
    if (HasFatalFailure()) return;
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
