// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sim/run.h"
#include "sim/seeds_file.h"

namespace taskgraph::sim {
namespace {

constexpr Seed kSeedsInABatch = 100;
#ifdef TASKGRAPH_SANITIZED
constexpr int kBatches = 5;  // Each takes a minute.
#else
constexpr int kBatches = 50;
#endif

// A run that broke a rule is run again with all its lines.
void ExpectOk(Seed seed) {
  const RunReport report = RunSeed(seed);
  if (report.ok()) return;
  RunOptions detailed;
  detailed.trace = Trace::Level::kMessages;
  ADD_FAILURE() << RunSeed(seed, detailed).Describe();
}

class Seeds : public testing::TestWithParam<int> {};

// R1-R3, R5-R15, R21-R25: after each step; and the job's known end.
TEST_P(Seeds, EveryRuleHoldsWhateverFails) {
  const Seed first = static_cast<Seed>(GetParam()) * kSeedsInABatch;
  for (Seed seed = first; seed < first + kSeedsInABatch; ++seed) {
    ExpectOk(seed);
    if (HasFailure()) return;  // One is enough to think about.
  }
}

INSTANTIATE_TEST_SUITE_P(Batch, Seeds, testing::Range(0, kBatches));

TEST(Simulation, SeedsThatFailedOnceDoNotFailAgain) {
  const std::vector<Seed> seeds = SeedsFile(SEEDS_FILE).Read();
  EXPECT_FALSE(seeds.empty());
  for (Seed seed : seeds) ExpectOk(seed);
}

TEST(Simulation, TheSameSeedIsTheSameRun) {
  for (Seed seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(RunSeed(seed).hash, RunSeed(seed).hash) << seed;
  }
}

// What was drawn can be replayed without a draw (see Faults).
TEST(Simulation, APlanOfWhatHappenedIsTheSameRun) {
  std::size_t faults = 0;
  for (Seed seed = 1; seed <= 100; ++seed) {
    const RunReport drawn = RunSeed(seed);
    RunOptions planned;
    planned.plan = drawn.faults;
    const RunReport replayed = RunSeed(seed, planned);
    EXPECT_EQ(replayed.lasted, drawn.lasted) << seed;
    EXPECT_EQ(replayed.checks, drawn.checks) << seed;
    EXPECT_EQ(replayed.faults, drawn.faults) << seed;
    faults += drawn.faults.size();
  }
  EXPECT_GT(faults, 1000U);
}

// The lines that are written only for readers change nothing.
TEST(Simulation, WritingLinesChangesNothing) {
  RunOptions detailed;
  detailed.trace = Trace::Level::kMessages;
  for (Seed seed = 1; seed <= 10; ++seed) {
    EXPECT_EQ(RunSeed(seed).hash, RunSeed(seed, detailed).hash) << seed;
  }
}

}  // namespace
}  // namespace taskgraph::sim
