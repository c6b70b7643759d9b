// SPDX-License-Identifier: Apache-2.0
//
// A turn survives its record, as far as a backup needs it, and no bytes do
// harm.
#include "core/turn_content.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

namespace taskgraph::core {
namespace {

constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();

TurnEffects AllEffects() {
  TurnEffects effects;
  effects.updates = {Payload::Own("x += 1"), {}};
  effects.ordered = {
      FlagMeta{"children", std::string("a\0b", 3)},
      MakeRequest{7, 4, "Get", "key", Payload::Own("input")},
      CancelRequest{kHuge},
      GiveAnswer{{1, 2, 3, 4}, {}, Payload::Own("output")},
      GiveAnswer{{1, 2, 3, 5}, Error{ErrorCode::kHandlerError, "no"}, {}}};
  effects.advance_epoch = effects.retire = true;
  effects.finish = ExitStatus{-3, "stopped"};
  return effects;
}

std::vector<TurnContent> OneOfEachKind() {
  std::vector<TurnContent> turns;
  const std::vector<Cause> causes = {
      InitTask{},
      InitTask{12},
      EnterEpoch{3},
      HearMeta{1, 2, 3, "parents", "text", 4},
      ServeRequest{{1, 2, 3, 4}, "Get", {}, "key", 2},
      TakeData{9, 0, {}, {}},
      HearFailure{{10, 0, {}, {}}},
      NeighborLost{{5, {}, 6}},
      NeighborBack{{5, {}, 7}},
      CompareState{"turn 3", Payload::Own("state")}};
  for (const Cause& cause : causes) turns.push_back({kHuge, {}, cause, {}});
  turns.push_back({0, {{1, kHuge}, {2, 0}}, EnterEpoch{}, AllEffects()});
  return turns;
}

TEST(TurnContentTest, AllThatABackupNeedsComesBack) {  // R17
  const auto decoded =
      DecodeTurn(Encode({5,
                         {{6, 7}},
                         ServeRequest{{1, 2, 3, 4}, "Get", {}, "key", 2},
                         AllEffects()}));

  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(decoded->epoch, 5u);
  ASSERT_EQ(decoded->met.size(), 1u);
  EXPECT_EQ(decoded->met.front().task, 6u);
  EXPECT_EQ(decoded->met.front().incarnation, 7u);
  const auto& request = std::get<ServeRequest>(decoded->cause);
  EXPECT_EQ(request.id, (RequestId{1, 2, 3, 4}));
  EXPECT_EQ(request.method, "Get");
  EXPECT_EQ(request.key, "key");
  EXPECT_EQ(request.first_unfinished, 2u);
  const TurnEffects& effects = decoded->effects;
  ASSERT_EQ(effects.updates.size(), 2u);
  EXPECT_EQ(effects.updates[0].text(), "x += 1");
  ASSERT_EQ(effects.ordered.size(), 5u);
  EXPECT_EQ(std::get<FlagMeta>(effects.ordered[0]).text.size(), 3u);
  const auto& made = std::get<MakeRequest>(effects.ordered[1]);
  EXPECT_EQ(made.to, 4u);
  EXPECT_EQ(made.key, "key");
  EXPECT_EQ(made.input.text(), "input");
  const auto& refused = std::get<GiveAnswer>(effects.ordered[4]);
  EXPECT_EQ(refused.error, (Error{ErrorCode::kHandlerError, "no"}));
  EXPECT_TRUE(effects.advance_epoch);
  EXPECT_TRUE(effects.retire);
  EXPECT_EQ(effects.finish, (ExitStatus{-3, "stopped"}));
}

TEST(TurnContentTest, EveryKindHasOneSpelling) {
  for (const TurnContent& turn : OneOfEachKind()) {
    const Payload bytes = Encode(turn);
    const auto decoded = DecodeTurn(bytes);

    ASSERT_TRUE(decoded.ok()) << Describe(turn.cause);
    EXPECT_EQ(decoded->cause.index(), turn.cause.index());
    EXPECT_EQ(Encode(*decoded), bytes) << Describe(turn.cause);
  }
}

TEST(TurnContentTest, WhatTheCallbackSawIsNotShipped) {
  const Payload large = Payload::Own(std::string(1 << 20, 'x'));

  EXPECT_LT(Encode({1, {}, TakeData{1, 2, "Get", large}, {}}).size(), 16u);
  EXPECT_LT(Encode({1, {}, ServeRequest{{}, "Get", large}, {}}).size(), 32u);
}

TEST(TurnContentTest, PartsAreNotCopiedAndKeepTheRecordAlive) {
  Payload bytes = Encode({0, {}, EnterEpoch{}, AllEffects()});
  const std::byte* begin = bytes.data();
  const std::byte* end = begin + bytes.size();
  const Payload update = DecodeTurn(bytes)->effects.updates[0];
  bytes = {};

  EXPECT_TRUE(update.data() > begin && update.data() < end);
  EXPECT_EQ(update.text(), "x += 1");
}

TEST(TurnContentTest, ARecordCutAnywhereOrWithMoreBehindItIsCorrupt) {
  for (const TurnContent& turn : OneOfEachKind()) {
    const std::string bytes(Encode(turn).text());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const auto decoded = DecodeTurn(Payload::Own(bytes.substr(0, size)));
      ASSERT_FALSE(decoded.ok()) << "at " << size;
      EXPECT_EQ(decoded.error().code, ErrorCode::kCorrupt);
    }
    EXPECT_FALSE(DecodeTurn(Payload::Own(bytes + '\0')).ok());
  }
}

TEST(TurnContentTest, AnotherVersionIsNamedInTheError) {
  std::string bytes(Encode({}).text());
  bytes[0] = 9;

  const auto decoded = DecodeTurn(Payload::Own(bytes));

  ASSERT_FALSE(decoded.ok());
  EXPECT_NE(decoded.error().message.find("version 9"), std::string::npos);
}

TEST(TurnContentTest, ACountLargerThanTheRecordAllocatesNothing) {
  std::string bytes(Encode({}).text());
  bytes = bytes.substr(0, 4) + "\xff\xff\xff\xff\xff\xff\xff\xff\x7f";

  EXPECT_FALSE(DecodeTurn(Payload::Own(bytes)).ok());
}

TEST(TurnContentTest, FlippedBitsAndRandomBytesDoNoHarm) {
  std::mt19937_64 random(11);
  for (const TurnContent& turn : OneOfEachKind()) {
    const std::string sound(Encode(turn).text());
    for (int round = 0; round < 10000; ++round) {
      std::string bytes = sound;
      for (std::uint64_t flips = 1 + random() % 3; flips > 0; --flips) {
        bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
      }
      if (round % 4 == 0) bytes.resize(random() % 64, '\x01');
      const auto decoded = DecodeTurn(Payload::Own(bytes));
      if (decoded) {
        EXPECT_EQ(Encode(*decoded).text(), bytes);
      }
    }
  }
}

// This names each part, so that none can be added and forgotten.
TEST(TurnEffectsTest, ClearedTheyAreAsNew) {
  TurnEffects effects = AllEffects();
  effects.begun = false;
  effects.failure = effects.difference = "text";
  effects.snapshot = Sealed();

  effects.Clear();

  const auto& [updates, ordered, begun, advance_epoch, retire, finish, failure,
               snapshot, difference] = effects;
  EXPECT_TRUE(updates.empty() && ordered.empty() && begun);
  EXPECT_FALSE(advance_epoch || retire || finish || failure || snapshot ||
               difference);
}

}  // namespace
}  // namespace taskgraph::core
