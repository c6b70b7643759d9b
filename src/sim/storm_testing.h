// SPDX-License-Identifier: Apache-2.0
//
// For tests: a job that must end as it would have undisturbed.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <utility>
#include <vector>

#include "sim/faults.h"
#include "sim/tasks.h"
#include "sim/world.h"

namespace taskgraph::sim {

#ifdef TASKGRAPH_SANITIZED
constexpr Seed kStorms = 10;
#else
constexpr Seed kStorms = 100;
#endif

// Five seconds of whatever can go wrong, then healing. `prepare` gets the job's
// options and those of the world.
template <typename Prepare>
void EndsWellAfterAStorm(Seed seed, const Workload& load, Random& random,
                         Prepare prepare) {
  const Accomplices accomplices;
  Job job = MakeJob(load, accomplices);
  job.options().failure.max_failures = 1000;
  WorldOptions options;
  options.slots = 2 * load.tasks;
  prepare(job.options(), options);
  World world(seed, job, std::move(options));
  std::vector<FaultKind> kinds = AllFaultKinds();
  std::erase(kinds, FaultKind::kRetire);  // It would end the job.
  Faults faults(world, random.Next(), DrawClimate(random, kinds));
  world.RunFor(std::chrono::seconds(5));
  faults.Stop();
  ASSERT_TRUE(world.HealAndFinish(std::chrono::minutes(2)))
      << "seed " << seed << ": " << world.checker().violation()->what;
  EXPECT_EQ(world.end()->status, ExpectedEnd(load)) << "seed " << seed;
}

}  // namespace taskgraph::sim
