// SPDX-License-Identifier: Apache-2.0
#include "storm/records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace taskgraph::storm {
namespace {

using testing::ElementsAre;

constexpr char kPrefix[] = "/taskgraph/j/";

TEST(RecordsTest, AJobUnderWayIsRead) {
  const Records records = ParseRecords(
      "/taskgraph/j/clock\n{\"epoch\":15,\"generation\":1}\n"
      "/taskgraph/j/controller\n{\"node\":\"c\"}\n"
      "/taskgraph/j/nodes/n0\n{\"node\":\"n0\"}\n"
      "/taskgraph/j/tasks/12/assignment\n"
      "{\"primary\":\"n0\",\"backups\":[\"n1\"],\"incarnation\":2}\n"
      "/taskgraph/j/tasks/12/term\n3\n",
      kPrefix);

  EXPECT_EQ(records.epoch, 15u);
  EXPECT_TRUE(records.has_controller);
  EXPECT_THAT(records.nodes, ElementsAre("n0"));
  EXPECT_EQ(records.tasks.at(12).primary, "n0");
  EXPECT_THAT(records.tasks.at(12).backups, ElementsAre("n1"));
  EXPECT_EQ(records.tasks.at(12).incarnation, 2u);
  EXPECT_FALSE(records.end);
  EXPECT_EQ(records.keys.size(), 5u);
}

TEST(RecordsTest, AnEndIsRead) {
  const Records records = ParseRecords(
      "{\"level\":\"warn\"}\n"
      "/taskgraph/j/status\n{\"code\":3,\"message\":\"so\",\"reason\":\"x\"}\n",
      kPrefix);

  ASSERT_TRUE(records.end);
  EXPECT_EQ(records.end->code, 3);
  EXPECT_EQ(records.end->message, "so");
  EXPECT_THAT(records.keys, ElementsAre("status"));
}

TEST(RecordsTest, WhatIsNoRecordIsRefused) {
  EXPECT_THROW(ParseRecords("/taskgraph/j/clock\n{\"epoch\"\n", kPrefix),
               std::runtime_error);
}

}  // namespace
}  // namespace taskgraph::storm
