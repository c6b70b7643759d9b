// SPDX-License-Identifier: Apache-2.0
//
// The turn log, explored: every schedule of a few moves in a small world
// (turn_log_world.h), random long ones, and the protocol broken on purpose.
#include <gtest/gtest.h>

#include <random>

#include "core/turn_log_explorer.h"

namespace taskgraph::core {
namespace {

// One long random schedule.
std::string Wander(TurnLogWorld world, std::uint64_t seed, int moves) {
  std::mt19937_64 random(seed);
  std::string path;
  for (int i = 0; i < moves && world.violation().empty(); ++i) {
    const std::vector<Move> possible = world.Moves();
    if (possible.empty()) break;
    const Move& move = possible[random() % possible.size()];
    path += "\n  " + Words(move);
    world.Make(move);
  }
  world.Settle();
  if (world.violation().empty()) return "";
  return "seed " + std::to_string(seed) + ": " + world.violation() + path;
}

TEST(TurnLogTest, EveryShortScheduleKeepsTheHistory) {
  Explorer explorer;
  EXPECT_EQ(explorer.Explore(TurnLogWorld({1, 2}, Sabotage::kNone), 5), "");
  EXPECT_EQ(explorer.Explore(TurnLogWorld({1}, Sabotage::kNone), 5), "");
  EXPECT_GT(explorer.states(), 10'000u);
}

TEST(TurnLogTest, LongRandomSchedulesKeepTheHistory) {
  for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
    ASSERT_EQ(Wander(TurnLogWorld({1, 2}, Sabotage::kNone), seed, 60), "");
    ASSERT_EQ(Wander(TurnLogWorld({1}, Sabotage::kNone), seed, 60), "");
    ASSERT_EQ(Wander(TurnLogWorld({}, Sabotage::kNone), seed, 60), "");
  }
}

class SabotagedTurnLogTest : public testing::TestWithParam<int> {};

TEST_P(SabotagedTurnLogTest, IsFoundOut) {
  const auto sabotage = static_cast<Sabotage>(GetParam());
  for (std::uint64_t seed = 1; seed <= 200'000; ++seed) {
    std::string found = Wander(TurnLogWorld({1, 2}, sabotage), seed, 40);
    if (found.empty()) found = Wander(TurnLogWorld({1}, sabotage), seed, 40);
    if (found.empty()) found = Wander(TurnLogWorld({}, sabotage), seed, 40);
    if (!found.empty()) return;
  }
  FAIL() << "nothing was seen";
}

INSTANTIATE_TEST_SUITE_P(Every, SabotagedTurnLogTest, testing::Range(1, 12));

}  // namespace
}  // namespace taskgraph::core
