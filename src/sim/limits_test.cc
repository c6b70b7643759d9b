// SPDX-License-Identifier: Apache-2.0
//
// Bounds that are reached all the time: there is room for one message that
// comes too early, or for none that is larger than a few bytes; what finds none
// is refused or dropped, and goes again.
#include <gtest/gtest.h>

#include <chrono>

#include "sim/faults.h"
#include "sim/tasks.h"
#include "sim/world.h"

namespace taskgraph::sim {
namespace {

using namespace std::chrono_literals;

#ifdef TASKGRAPH_SANITIZED
constexpr Seed kSeeds = 10;
#else
constexpr Seed kSeeds = 100;
#endif

TEST(LimitsTest, WithRoomForHardlyAnyEarlyMessageTheRulesHold) {  // R8, R13
  for (Seed seed = 1; seed <= kSeeds; ++seed) {
    Random random(seed);
    Workload load;
    load.seed = seed;
    load.tasks = static_cast<TaskId>(2 + random.Below(6));
    load.backups = static_cast<std::uint32_t>(random.Below(3));
    const Accomplices accomplices;
    Job job = MakeJob(load, accomplices);
    job.options().failure.max_failures = 1000;
    if (random.Chance(0.5)) {
      job.options().limits.held_messages_max = 1;
    } else {
      job.options().limits.held_bytes_max = 1;  // One alone may be larger.
    }
    WorldOptions options;
    options.slots = 2 * load.tasks;
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

}  // namespace
}  // namespace taskgraph::sim
