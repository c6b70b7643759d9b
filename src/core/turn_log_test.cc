// SPDX-License-Identifier: Apache-2.0
//
// The turn log, explored: every schedule of a few moves in a small world
// (turn_log_world.h), random long ones, and the protocol broken on purpose.
#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "core/turn_log_explorer.h"

namespace taskgraph::core {
namespace {

// How likely a kind of move is, so that schedules are long and lively: much
// arrives, little dies.
double Weight(Move::Kind kind) {
  using Kind = Move::Kind;
  switch (kind) {
    case Kind::kCrash:
      return 0.06;
    case Kind::kBreak:
      return 0.15;
    case Kind::kPromote:
    case Kind::kRemove:
      return 0.3;
    case Kind::kDeliverTwo:
    case Kind::kInvite:
      return 0.5;
    case Kind::kDeliver:
      return 10;
    default:
      return 3;
  }
}

constexpr Budget kPlenty = {4, 2, 6, 6, 4, 12, 6};

// One long random schedule.
std::string Wander(TurnLogWorld world, std::uint64_t seed, int moves) {
  std::mt19937_64 random(seed);
  std::string path;
  for (int i = 0; i < moves && world.violation().empty(); ++i) {
    const std::vector<Move> possible = world.Moves();
    if (possible.empty()) break;
    std::vector<double> weights;
    for (const Move& move : possible) weights.push_back(Weight(move.kind));
    const Move& move = possible[std::discrete_distribution<std::size_t>(
        weights.begin(), weights.end())(random)];
    path += "\n  " + Words(move);
    world.Make(move);
  }
  if (world.violation().empty()) world.Settle();
  if (world.violation().empty()) return "";
  return "seed " + std::to_string(seed) + ": " + world.violation() + path;
}

std::deque<TurnRecord> Records(int count) {
  std::deque<TurnRecord> records;
  for (int i = 1; i <= count; ++i) {
    records.push_back({static_cast<RecordNumber>(i), 1, Payload::Own("x")});
  }
  return records;
}

TEST(PrimaryLogTest, AnAckThatWasUnderWayAsItWasRewoundIsNoHarm) {
  PrimaryLog log(1, {"b"}, 0, {});
  for (int i = 0; i < 100; ++i) log.Append(Payload::Own("x"));
  const auto sent = log.NextFor("b");
  log.Rewind("b");
  log.Take("b", {1, 0, 100, sent->stamp});
  log.Append(Payload::Own("y"));

  const auto next = log.NextFor("b");
  ASSERT_TRUE(next);
  ASSERT_EQ(next->records.size(), 1u);
  EXPECT_EQ(next->records[0].number, 101u);
}

TEST(PrimaryLogTest, AJoinerDoesNotCountBeforeItHasWhatWasInherited) {  // R20
  PrimaryLog log(2, {"b"}, 0, Records(3));
  const auto join = log.Join("x", 0);
  ASSERT_TRUE(join);
  const auto sent = log.NextFor("x");
  log.Take("x", {2, *join, 0, sent->stamp});
  EXPECT_FALSE(log.CanCount("x"));

  log.Take("x", {2, *join, 3, sent->stamp});
  EXPECT_TRUE(log.CanCount("x"));
}

TEST(PrimaryLogTest, WhoMayCountIsNotInvitedAgain) {  // R19
  PrimaryLog log(1, {"b"}, 0, {});
  EXPECT_FALSE(log.Join("b", 0));
  log.Propose({"b", "x"});
  EXPECT_FALSE(log.Join("x", 0));
  log.ProposalDecided();
  EXPECT_TRUE(log.Join("x", 0));
}

TEST(PrimaryLogTest, ASnapshotThatNoRecordsFollowIsRefused) {  // R20
  PrimaryLog log(1, {"b"}, 0, {});
  log.Append(Payload::Own("x"));
  log.Take("b", {1, 0, 1, log.NextFor("b")->stamp});
  EXPECT_EQ(log.base(), 1u);
  EXPECT_FALSE(log.Join("x", 0));
  EXPECT_FALSE(log.Join("x", 2));
  EXPECT_TRUE(log.Join("x", 1));
}

TEST(PrimaryLogTest, EverySetThatMayBeInForceIsWaitedFor) {  // R19
  PrimaryLog log(1, {"b"}, 0, {});
  log.Propose({"b", "x"});
  log.Propose({});
  log.Append(Payload::Own("x"));
  log.Take("b", {1, 0, 1, log.NextFor("b")->stamp});
  EXPECT_EQ(log.committed(), 0u);
}

TEST(PrimaryLogTest, WhatAJoinerNeedsIsKeptUntilItIsDropped) {  // R20
  PrimaryLog log(1, {}, 0, {});
  log.Join("x", 0);
  log.Append(Payload::Own("x"));
  EXPECT_EQ(log.committed(), 1u);
  EXPECT_EQ(log.base(), 0u);

  log.Drop("x");
  EXPECT_EQ(log.base(), 1u);
  EXPECT_FALSE(log.NextFor("x"));
}

TEST(PrimaryLogTest, ARewindRepeatsNewsAndQuestionsToo) {
  PrimaryLog log(1, {"b"}, 0, {});
  log.Append(Payload::Own("x"));
  log.Take("b", {1, 0, 1, log.NextFor("b")->stamp});
  const Stamp began = log.Now();
  ASSERT_TRUE(log.NextFor("b", began));  // Lost, with the news of the commit.
  EXPECT_FALSE(log.NextFor("b", began));

  log.Rewind("b");
  const auto again = log.NextFor("b", began);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->committed, 1u);
  EXPECT_GT(again->stamp, began);
}

TEST(PrimaryLogTest, TheEndOfAProposalFreesWhatWaitedForIt) {  // R19
  PrimaryLog log(1, {"b"}, 0, {});
  log.Propose({});
  log.SetInSync({});
  log.Append(Payload::Own("x"));
  EXPECT_EQ(log.committed(), 1u);  // Both sets are empty.

  log.Propose({"c"});
  log.Append(Payload::Own("y"));
  EXPECT_EQ(log.committed(), 1u);
  log.ProposalDecided();
  EXPECT_EQ(log.committed(), 2u);
}

TEST(TurnLogTest, EveryShortScheduleKeepsTheHistory) {
  Explorer explorer;
  EXPECT_EQ(explorer.Explore(TurnLogWorld({1, 2}, Sabotage::kNone), 5), "");
  EXPECT_EQ(explorer.Explore(TurnLogWorld({1}, Sabotage::kNone), 5), "");
  EXPECT_GT(explorer.states(), 10'000u);
}

const std::vector<std::vector<int>> kBackups = {{1, 2}, {1}, {}};

TEST(TurnLogTest, LongRandomSchedulesKeepTheHistory) {
  for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
    const TurnLogWorld world(kBackups[seed % 3], Sabotage::kNone, kPlenty);
    ASSERT_EQ(Wander(world, seed, 120), "");
  }
}

class SabotagedTurnLogTest : public testing::TestWithParam<int> {};

TEST_P(SabotagedTurnLogTest, IsFoundOut) {
  const auto sabotage = static_cast<Sabotage>(GetParam());
  for (std::uint64_t seed = 1; seed <= 50'000; ++seed) {
    const TurnLogWorld world(kBackups[seed % 3], sabotage, kPlenty);
    const std::string found = Wander(world, seed, 120);
    if (!found.empty()) {
      RecordProperty("found", found);
      return;
    }
  }
  FAIL() << "nothing was seen";
}

INSTANTIATE_TEST_SUITE_P(Every, SabotagedTurnLogTest, testing::Range(1, 13));

}  // namespace
}  // namespace taskgraph::core
