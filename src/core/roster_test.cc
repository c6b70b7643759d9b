// SPDX-License-Identifier: Apache-2.0
#include "core/roster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace taskgraph::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

NodeRecord Node(NodeId node) { return {std::move(node), "host", 1, 0, {}}; }

Assignment At(NodeId primary, std::vector<NodeId> backups = {}) {
  Assignment record;
  record.primary = std::move(primary);
  record.backups = std::move(backups);
  return record;
}

TEST(RosterTest, StraysAreTasksOfNodesWithoutASession) {
  Roster roster;
  roster.Join(Node("a"));
  roster.Move(1, At(""), At("a"));
  roster.Move(2, At(""), At("unknown"));
  EXPECT_THAT(roster.strays(), ElementsAre(2));
  EXPECT_EQ(roster.placed(), 1u);

  EXPECT_TRUE(roster.Leave("a"));
  EXPECT_THAT(roster.strays(), ElementsAre(1, 2));
  EXPECT_EQ(roster.placed(), 0u);

  roster.Move(1, At("a"), At(""));
  roster.Move(2, At("unknown"), At(""));
  EXPECT_THAT(roster.strays(), IsEmpty());
}

TEST(RosterTest, ABackupTakesItsNodesSlotButIsNoPlaceOfItsTask) {
  Roster roster;
  roster.Join(Node("a"));
  roster.Join(Node("b"));
  roster.Move(1, At(""), At("a", {"b", "c"}));
  EXPECT_THAT(roster.tasks_on("b"), ElementsAre(1));
  EXPECT_EQ(roster.placed(), 1u);
  EXPECT_THAT(roster.strays(), ElementsAre(1));

  roster.Move(1, At("a", {"b", "c"}), At("b"));
  EXPECT_THAT(roster.tasks_on("a"), IsEmpty());
  EXPECT_THAT(roster.tasks_on("b"), ElementsAre(1));
  EXPECT_EQ(roster.placed(), 1u);
}

TEST(RosterTest, ADeathIsNewsOnceAndNamesItsReason) {  // R5
  Roster roster;
  roster.Join(Node("a"));
  EXPECT_EQ(roster.DescribeLoss("a"), "node a was lost");

  EXPECT_TRUE(roster.Die("a", "killed"));
  EXPECT_FALSE(roster.Die("a", "killed twice"));

  EXPECT_EQ(roster.DescribeLoss("a"), "node a was lost (killed)");
}

TEST(RosterTest, ADeathIsForgottenWhenNobodyAsksForTheNodeAnyMore) {
  Roster roster;
  roster.Join(Node("a"));
  roster.Move(1, At(""), At("a"));
  roster.Die("a", "killed");
  roster.Leave("a");
  EXPECT_TRUE(roster.IsDead("a"));

  roster.Move(1, At("a"), At("b"));

  EXPECT_FALSE(roster.IsDead("a"));
}

TEST(RosterTest, ADeadNodeThatJoinsAfterItsSessionEndedLives) {  // R25
  Roster roster;
  roster.Join(Node("a"));
  roster.Move(1, At(""), At("a"));
  roster.Die("a", "a wrong verdict");
  roster.Join(Node("a"));  // Its record changed; that proves nothing.
  EXPECT_TRUE(roster.IsDead("a"));

  roster.Leave("a");
  roster.Join(Node("a"));

  EXPECT_FALSE(roster.IsDead("a"));
}

TEST(RosterTest, ADeathIsKnownBeforeItsSessionIsSeen) {
  Roster roster;
  roster.Die("a", "killed");

  roster.Join(Node("a"));

  EXPECT_TRUE(roster.IsDead("a"));
}

TEST(RosterTest, OfTheDeadWhoNeverJoinedOnlyTheLastFewAreKept) {
  Roster roster;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(roster.Die("n" + std::to_string(i), "killed"));
  }

  EXPECT_TRUE(roster.IsDead("n999"));
  EXPECT_TRUE(roster.IsDead("n950"));
  EXPECT_FALSE(roster.IsDead("n900"));
}

TEST(RosterTest, ADeathThatATaskStillNeedsIsKept) {  // R5
  Roster roster;
  roster.Die("a", "killed");
  roster.Move(1, At(""), At("a"));
  for (int i = 0; i < 1000; ++i) roster.Die("n" + std::to_string(i), "");

  EXPECT_TRUE(roster.IsDead("a"));
}

}  // namespace
}  // namespace taskgraph::core
