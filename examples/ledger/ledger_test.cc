// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/bank.h"
#include "taskgraph/simulation.h"

namespace ledger {
namespace {

TEST(TransfersTest, MoneyIsMovedAndNeverMade) {
  std::uint64_t other = 0;
  for (Epoch epochs : {0, 1, 50}) {
    EXPECT_NE(ExpectedDigest(1, 8, epochs), other);
    other = ExpectedDigest(1, 8, epochs);
  }
  EXPECT_NE(ExpectedDigest(1, 8, 50), ExpectedDigest(2, 8, 50));
}

TEST(TransfersTest, NobodySendsMoneyToItselfOrAStranger) {
  for (TaskId branches : {2U, 3U, 4U, 9U}) {
    for (TaskId branch = 0; branch < branches; ++branch) {
      const auto known = Acquaintances(branch, branches);
      EXPECT_THAT(known, testing::Not(testing::Contains(branch)));
      for (const Transfer& one : TransfersOf(7, branch, branches, 3)) {
        EXPECT_THAT(known, testing::Contains(one.to));
      }
    }
  }
}

TEST(LedgerTest, AnUndisturbedRunHoldsWhatItMust) {
  const auto status =
      taskgraph::RunInProcess(BankJob(), {{"epochs", "20"}, {"seed", "5"}});
  EXPECT_EQ(status.code, 0) << status.message;
}

// R14-R20: each transfer happens once, whatever dies, is stopped or cut off.
// Only where all replicas of a branch were lost at once may the job end without
// its money, and then it says so.
TEST(LedgerTest, NoMoneyIsLostOrMadeInASimulatedStorm) {
  std::uint64_t promotions = 0;
  taskgraph::SimulationOptions options;
  options.seeds = 30;
  options.config = {{"epochs", "20"}};
  options.at_end = [&](const taskgraph::SimulatedJob& job) -> std::string {
    promotions += job.promotions();
    if (job.losses() == 0) return EndedWell(job);
    const std::string message = job.end()->message;
    return message.find("all of its replicas were") != message.npos
               ? ""
               : "money was lost, and nobody noticed: " + message;
  };
  const auto report = taskgraph::Simulate(
      [](TaskId branches) { return BankJob(branches).Backups(2); },
      /*tasks=*/6, options);

  EXPECT_TRUE(report.ok()) << report.Describe();
  EXPECT_GT(promotions, 5U);
}

TEST(LedgerTest, AWrongConfigurationIsNamed) {
  const auto status = taskgraph::RunInProcess(BankJob(), {{"epochs", "many"}});
  EXPECT_NE(status.code, 0);
  EXPECT_THAT(status.message,
              testing::HasSubstr("epochs is a number, not 'many'"));
}

}  // namespace
}  // namespace ledger
