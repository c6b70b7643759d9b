// SPDX-License-Identifier: Apache-2.0
//
// The ledger example on simulated nodes: no money is lost or made, whatever
// fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/bank.h"
#include "sim/storm.h"

namespace ledger {
namespace {

using taskgraph::sim::Storm;
using taskgraph::sim::World;

// R14-R20, in the simulator: whatever dies, is stopped or cut off. Only where
// all replicas of a branch were lost at once may the job end without its money,
// and then it says so.
class LedgerStorm : public testing::TestWithParam<taskgraph::sim::Seed> {};

TEST_P(LedgerStorm, EveryTransferHappensOnce) {
  taskgraph::Job job = BankJob(6);
  job.Backups(2);
  const Storm storm(GetParam(), job);
  const World& world = storm.world();

  const auto& violation = world.checker().violation();
  ASSERT_FALSE(violation) << violation->rule << ": " << violation->what;
  const auto& status = world.end()->status;
  RecordProperty("promotions",
                 static_cast<int>(world.checker().records().promotions()));
  RecordProperty("losses",
                 static_cast<int>(world.checker().records().losses()));
  if (world.checker().records().losses() == 0) {
    EXPECT_EQ(status.code, 0) << status.message;
  } else {
    EXPECT_THAT(status.message, testing::HasSubstr("all of its replicas were"));
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, LedgerStorm,
                         testing::Range<taskgraph::sim::Seed>(1, 101));

}  // namespace
}  // namespace ledger
