// SPDX-License-Identifier: Apache-2.0
#include "storm/results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace taskgraph::storm {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string LineOf(Seed seed, const Outcome& outcome) {
  const Setting setting{App::kDigits, Store::kEtcd, 0};
  return ResultLine(DrawPlan(seed, setting, Length::kShort), outcome) + "\n";
}

TEST(ResultsTest, TheNextSeedIsAfterTheHighest) {
  EXPECT_EQ(NextSeed(""), 1u);
  EXPECT_EQ(NextSeed(LineOf(9, {}) + LineOf(4, {})), 10u);
}

TEST(ResultsTest, HarmsOfOneJobAreSummedUp) {
  Outcome outcome;
  outcome.harms = {{"kill_node", 2}};
  outcome.withheld = {{"kill_node", 3}};
  outcome.longest_ms = {{"etcd_outage", 29400}};
  outcome.seconds = 60;

  const std::string report = Report(LineOf(1, outcome) + LineOf(2, outcome));

  EXPECT_THAT(report,
              HasSubstr("digits, etcd       2       0      4        2"));
  EXPECT_THAT(
      report,
      HasSubstr("kill_node                 0       4           0         6"));
  EXPECT_THAT(report, HasSubstr("seeds that failed: none"));
  EXPECT_THAT(report, Not(HasSubstr("\nfailed:")));
}

TEST(ResultsTest, KindsThatNeverCameAndTheLongestOnesAreTold) {
  Outcome outcome;
  outcome.longest_ms = {{"etcd_outage", 29400}};

  const std::string report = Report(LineOf(1, outcome));

  EXPECT_THAT(report, HasSubstr("29.4 s"));
  EXPECT_THAT(report, HasSubstr("kill_launcher"));
  EXPECT_THAT(report, HasSubstr("one_way"));
}

// Those had no word on security, nor on what was withheld.
TEST(ResultsTest, LinesOfEarlierVersionsCount) {
  const std::string report =
      Report(R"({"seed":3,"job":"ledger","coordinator":"etcd3","hosts":3,)"
             R"("harms":{"loss":5},"seconds":90,"outcome":"ok"})");

  EXPECT_THAT(report,
              HasSubstr("ledger, etcd3, 3 hosts       1       0      5"));
}

TEST(ResultsTest, WhatFailedIsTold) {
  Outcome outcome;
  outcome.complaints = {"still alive"};
  outcome.kept = "some/folder";

  const std::string report = Report(LineOf(17, outcome));

  EXPECT_THAT(report, HasSubstr("digits, etcd       1       1"));
  EXPECT_THAT(report, HasSubstr("seeds that failed: 17\n"));
  EXPECT_THAT(report, HasSubstr("failed: {\"seed\":17"));
  EXPECT_THAT(report, HasSubstr("still alive"));
}

}  // namespace
}  // namespace taskgraph::storm
