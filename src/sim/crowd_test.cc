// SPDX-License-Identifier: Apache-2.0
//
// Many nodes at once, and what it costs to wait: by the count of writes and of
// messages, not by the clock.
#include <gtest/gtest.h>

#include "sim/crowd_testing.h"

namespace taskgraph::sim {
namespace {

using namespace std::chrono_literals;

// CrowdLongTest has a thousand.
TEST(CrowdTest, ManyNodesInOneSecondTakeLittleMoreThanAWriteEach) {
  EXPECT_LE(WritesUntilPlaced(200), WritesThatAreFew(200));
}

// Two tasks are nowhere for a minute, as there is no room; those that wait for
// them say nothing meanwhile.
TEST(CrowdTest, WhoWaitsForATaskThatIsNowhereSendsNothing) {
  const Accomplices accomplices;
  const Workload load = TreeOf(4, /*epochs=*/2000);
  const Job job = MakeJob(load, accomplices);
  std::uint64_t sent = 0;
  WorldOptions options;
  options.nodes = options.slots = 2;
  options.controllers = 1;
  options.restart_min = options.restart_max = 60s;
  options.falsify = [&](core::NodeMessage&, Random&) { ++sent; };
  World world(1, job, options);
  world.RunFor(2s);
  EXPECT_GT(sent, 100U);  // They are busy.
  world.KillNode(*world.PlaceOf(3));

  world.RunFor(5s);  // Until the loss is known, and what was open is settled.
  const std::uint64_t before = sent;
  world.RunFor(50s);

  EXPECT_EQ(sent, before);
  EXPECT_FALSE(world.end());
  EXPECT_TRUE(world.HealAndFinish(600s));
  EXPECT_EQ(world.end()->status, ExpectedEnd(load));
}

}  // namespace
}  // namespace taskgraph::sim
