// SPDX-License-Identifier: Apache-2.0
//
// Every schedule of up to eight moves of the turn log's world, with up to two
// crashes, within the other limits of Budget: a quarter of an hour.
#include <gtest/gtest.h>

#include <string>

#include "core/turn_log_explorer.h"

namespace taskgraph::core {
namespace {

constexpr int kMoves = 8;

TEST(TurnLogLongTest, EveryScheduleOfEightMovesWithTwoBackupsIsRight) {
  Explorer explorer;
  EXPECT_EQ(explorer.Explore(TurnLogWorld({1, 2}, Sabotage::kNone), kMoves),
            "");
  RecordProperty("states", std::to_string(explorer.states()));
}

TEST(TurnLogLongTest, EveryScheduleOfEightMovesWithABackupAndASpareIsRight) {
  Explorer explorer;
  EXPECT_EQ(explorer.Explore(TurnLogWorld({1}, Sabotage::kNone), kMoves), "");
  RecordProperty("states", std::to_string(explorer.states()));
}

}  // namespace
}  // namespace taskgraph::core
