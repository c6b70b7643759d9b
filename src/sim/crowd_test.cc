// SPDX-License-Identifier: Apache-2.0
//
// More nodes than a machine has room for, and what it costs to wait: by the
// count of writes and of messages, not by the clock.
#include <gtest/gtest.h>

#include "sim/tasks.h"
#include "sim/world.h"

namespace taskgraph::sim {
namespace {

using namespace std::chrono_literals;

class CrowdTest : public testing::Test {
 protected:
  static Workload Load(TaskId tasks, Epoch epochs) {
    Workload load;
    load.kind = Workload::Kind::kTreeSum;
    load.tasks = tasks;
    load.epochs = epochs;
    return load;
  }
  static bool AllPlaced(const World& world, TaskId tasks) {
    for (TaskId task = 0; task < tasks; ++task) {
      if (!world.checker().records().of(task).HasPrimary()) return false;
    }
    return true;
  }

  Accomplices accomplices_;
};

// All within a second, all with a task: one write for each node, and one for
// every 50 tasks.
TEST_F(CrowdTest, AThousandNodesInOneSecondTakeHardlyMoreThanAThousandWrites) {
  constexpr TaskId kMany = 1000;
  const Workload load = Load(kMany, 50);
  const Job job = MakeJob(load, accomplices_);
  WorldOptions options;
  options.nodes = kMany;
  options.slots = 1;
  options.controllers = 3;
  options.start_max = 1s;
  World world(1, job, options);
  while (!AllPlaced(world, kMany)) {
    ASSERT_FALSE(world.checker().violation());
    ASSERT_LT(world.now(), 60s);
    world.RunFor(10ms);
  }
  ASSERT_FALSE(world.end());
  const coordination::Revision placed = world.registry().store().revision();
  RecordProperty("writes", std::to_string(placed));
  EXPECT_LE(placed, kMany + kMany / 50 + 10);

  EXPECT_TRUE(world.HealAndFinish(60s)) << world.checker().violation()->what;
}

// Tasks 2 and 3 are nowhere for a minute, as there is no room; those that wait
// for them say nothing meanwhile, whatever the clock does.
TEST_F(CrowdTest, WhoWaitsForATaskThatIsNowhereSendsNothing) {
  const Workload load = Load(4, 2000);
  Job job = MakeJob(load, accomplices_);
  std::uint64_t sent = 0;
  WorldOptions options;
  options.nodes = 2;
  options.slots = 2;
  options.controllers = 1;
  options.restart_min = options.restart_max = 60s;
  options.falsify = [&](core::NodeMessage&, Random&) { ++sent; };
  World world(1, job, options);
  while (!AllPlaced(world, load.tasks)) world.RunFor(10ms);
  world.RunFor(1s);
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
