// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/bank.h"

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

TEST(LedgerTest, AWrongConfigurationIsNamed) {
  const auto status = taskgraph::RunInProcess(BankJob(), {{"epochs", "many"}});
  EXPECT_NE(status.code, 0);
  EXPECT_THAT(status.message,
              testing::HasSubstr("epochs is a number, not 'many'"));
}

}  // namespace
}  // namespace ledger
