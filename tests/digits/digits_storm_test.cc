// SPDX-License-Identifier: Apache-2.0
//
// The digits example on simulated nodes: whatever fails, the result is that of
// one process, to the last bit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "digits/trainer.h"
#include "driver/running_app.h"
#include "sim/storm.h"
#include "sim/world.h"

namespace digits {
namespace {

using taskgraph::sim::Random;
using taskgraph::sim::Storm;
using taskgraph::sim::World;
using taskgraph::sim::WorldOptions;
using taskgraph::test::TestFolder;

constexpr TaskId kTasks = 15;
constexpr taskgraph::Duration kLongEnough = std::chrono::minutes(10);

class DigitsStorm : public testing::TestWithParam<taskgraph::sim::Seed> {
 protected:
  // A training of so many epochs, whose result is the file "tree".
  taskgraph::Job Training(std::size_t epochs) {
    WriteResult(folder_ / "sequential",
                Train(ReadRows(DIGITS_DATA), kTasks, epochs));
    taskgraph::Job job = TrainingJob();
    job.Build([this, epochs](TaskId, taskgraph::Config config) {
      config["epochs"] = std::to_string(epochs);
      config["result"] = folder_ / "tree";
      return std::make_unique<Trainer>(config);
    });
    return job;
  }

  void ExpectTheResultOfOneProcess() const {
    EXPECT_EQ(folder_.Read("tree"), folder_.Read("sequential"));
  }

 private:
  TestFolder folder_;
};

bool RootHasBackup(const World& world) {
  return world.PlaceOf(0) && !world.checker().records().of(0).backups.empty();
}

// Goes on until `epoch`, and until the root has a backup. Says whether it came
// so far.
bool RunUntil(World& world, Epoch epoch) {
  while (world.checker().records().epoch() < epoch || !RootHasBackup(world)) {
    const bool late = world.now() > kLongEnough;
    if (late || world.end() || world.checker().violation()) return false;
    world.Step();
  }
  return true;
}

// R4, R17, R20: each replica is alone on its node, so only the root's are lost.
// Where turns are long, new backups join and take over within an epoch.
TEST_P(DigitsStorm, NothingBeginsAgainWhenTheRootsNodeIsKilled) {
  const taskgraph::Job job = Training(/*epochs=*/40);
  Random random(GetParam());
  WorldOptions options;
  options.nodes = kTasks + 2;
  options.slots = 1;
  if (random.Chance(0.5)) options.turns.usual_max *= 25;
  World world(GetParam(), job, std::move(options));

  const auto& records = world.checker().records();
  Epoch next = 1;
  while (RunUntil(world, next)) {
    auto steps = random.Below(100);
    while (steps-- > 0 && !world.end()) world.Step();
    if (RootHasBackup(world)) world.KillNode(*world.PlaceOf(0));
    next = records.epoch() + random.Below(2);
  }
  world.HealAndFinish(kLongEnough);

  const auto& violation = world.checker().violation();
  ASSERT_FALSE(violation) << violation->rule << ": " << violation->what;
  EXPECT_EQ(world.end()->status.code, 0) << world.end()->status.message;
  EXPECT_GE(records.promotions(), 1u);
  EXPECT_EQ(records.losses(), 0u);
  RecordProperty("promotions", static_cast<int>(records.promotions()));
  ExpectTheResultOfOneProcess();
}

// R5-R20: whatever dies, is stopped or cut off. Only when all tasks were lost
// at once may the job end without a result, and then it says so.
TEST_P(DigitsStorm, TheResultDoesNotKnowOfAnyFailure) {
  const taskgraph::Job job = Training(/*epochs=*/20);
  const Storm storm(GetParam(), job);
  const World& world = storm.world();

  const auto& violation = world.checker().violation();
  ASSERT_FALSE(violation) << violation->rule << ": " << violation->what;
  const taskgraph::ExitStatus& status = world.end()->status;
  if (status.code == 0) {
    ExpectTheResultOfOneProcess();
  } else {
    EXPECT_THAT(status.message, testing::HasSubstr("all tasks failed at once"));
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, DigitsStorm,
                         testing::Range<taskgraph::sim::Seed>(1, 31));

}  // namespace
}  // namespace digits
