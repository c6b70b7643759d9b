// SPDX-License-Identifier: Apache-2.0
//
// Bounds that are reached all the time: there is room for one message that
// comes too early, or for none that is larger than a few bytes; what finds none
// is refused or dropped, and goes again.
#include <gtest/gtest.h>

#include "sim/storm_testing.h"

namespace taskgraph::sim {
namespace {

TEST(LimitsTest, WithRoomForHardlyAnyEarlyMessageTheRulesHold) {  // R8, R13
  for (Seed seed = 1; seed <= kStorms; ++seed) {
    Random random(seed);
    Workload load;
    load.seed = seed;
    load.tasks = static_cast<TaskId>(2 + random.Below(6));
    load.backups = static_cast<std::uint32_t>(random.Below(3));
    EndsWellAfterAStorm(
        seed, load, random, [&](JobOptions& job, WorldOptions&) {
          if (random.Chance(0.5)) {
            job.limits.held_messages_max = 1;
          } else {
            job.limits.held_bytes_max = 1;  // One alone may be larger.
          }
        });
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace taskgraph::sim
