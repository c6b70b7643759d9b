// SPDX-License-Identifier: Apache-2.0
//
// Every message survives the wire, and nothing that comes from it does harm.
#include "core/wire.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

namespace taskgraph::core {
namespace {

constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();
constexpr Route kRoute{3, 4, 5, 6, 7, 8, 9};
constexpr Route kHugeRoute{0xffffffff, 0xffffffff, kHuge, kHuge,
                           kHuge,      kHuge,      kHuge};

std::vector<NodeMessage> OneOfEachKind() {
  const RequestId id{3, 5, 8, 300};
  return {
      Message{kRoute, MetaMessage{1, 2, "children", std::string("a\0b", 3)}},
      Message{kHugeRoute, MetaMessage{kHuge, kHuge, "", ""}},
      Message{kRoute, MetaAck{17, 2}},
      Message{kRoute, RequestMessage{id, 299, "Get", "", Payload::Own("in")}},
      Message{kRoute, RequestMessage{id, 1, "Get", "key", {}}},
      Message{kRoute, AnswerMessage{id, std::nullopt, Payload::Own("output")}},
      Message{kRoute,
              AnswerMessage{id, Error{ErrorCode::kHandlerError, "no"}, {}}},
      Message{kRoute, Refusal{ErrorCode::kEpochPassed, 128}},
      EpochNews{2, kHuge},
      Suspicion{"node-7", "silent for 1 s"},
      ReplicaMessage{3, 4, 5, LogAppend{6, 7, 8, kHuge, 10, {}}},
      ReplicaMessage{3, 4, 5,
                     LogAppend{6,
                               7,
                               8,
                               9,
                               10,
                               {{11, 6, Payload::Own("one")},
                                {12, 6, {}},
                                {13, 6, Payload::Own("three")}}}},
      ReplicaMessage{3, kHuge, 5, LogAck{6, 7, 8, 9, kHuge}},
      ReplicaMessage{3, 4, 5, ReplicaGone{6, 7}},
      ReplicaMessage{3, 4, 5, SnapshotOrder{6, 7, 8, 9, "node-7"}},
      ReplicaMessage{3, 4, 5,
                     Invitation{6, 7, 8, 9, Seal(Payload::Own("books")),
                                Seal(Payload::Own("state"))}},
      ReplicaMessage{
          3, 4, 5,
          Invitation{6, 7, 8, 9,
                     Seal(Payload::Own(std::string(300 * 1024, 'b'))),
                     Seal(Payload::Own("state"))}},
  };
}

TEST(WireTest, EveryMessageComesBackAsItWas) {  // R2
  for (const NodeMessage& message : OneOfEachKind()) {
    const WireFrame frame = Encode(message);
    const Result<NodeMessage> decoded = Decode(frame.head, frame.body);

    ASSERT_TRUE(decoded.ok()) << decoded.error().message;
    EXPECT_EQ(*decoded, message);
  }
}

TEST(WireTest, NothingIsLeftOfWhatWasInThatPlaceBefore) {
  for (const NodeMessage& before : OneOfEachKind()) {
    for (const NodeMessage& message : OneOfEachKind()) {
      WireFrame frame = Encode(before);
      NodeMessage place;
      ASSERT_FALSE(DecodeInto(place, frame.head, frame.body));
      ASSERT_TRUE(DecodeInto(place, frame.head + '\0', frame.body));

      EncodeInto(frame.head, frame.body, message);
      ASSERT_FALSE(DecodeInto(place, frame.head, frame.body));

      EXPECT_EQ(place, message);
      EXPECT_EQ(frame.head, Encode(message).head);
    }
  }
}

TEST(WireTest, ABodyIsHandedOnAndNeverCopied) {
  const Payload input = Payload::Own(std::string(1 << 20, 'x'));
  const Message message{kRoute, RequestMessage{{}, 1, "Get", "", input}};

  const WireFrame frame = Encode(message);
  const Result<NodeMessage> decoded = Decode(frame.head, frame.body);

  EXPECT_EQ(frame.body.data(), input.data());
  ASSERT_TRUE(decoded.ok());
  const auto& body = std::get<Message>(*decoded).body;
  EXPECT_EQ(std::get<RequestMessage>(body).input.data(), input.data());
}

TEST(WireTest, AUsualHeadIsSmall) {
  const Message message{kRoute, RequestMessage{{}, 1, "GetGradient", "", {}}};

  EXPECT_LE(Encode(message).head.size(), 32u);
}

TEST(WireTest, AHeadCutAnywhereIsCorrupt) {
  for (const NodeMessage& message : OneOfEachKind()) {
    const WireFrame frame = Encode(message);
    for (std::size_t size = 0; size < frame.head.size(); ++size) {
      const auto decoded = Decode(frame.head.substr(0, size), frame.body);

      ASSERT_FALSE(decoded.ok()) << "at " << size;
      EXPECT_EQ(decoded.error().code, ErrorCode::kCorrupt);
    }
  }
}

TEST(WireTest, AHeadWithMoreBehindItIsCorrupt) {
  for (const NodeMessage& message : OneOfEachKind()) {
    const WireFrame frame = Encode(message);

    EXPECT_FALSE(Decode(frame.head + '\0', frame.body).ok());
  }
}

TEST(WireTest, ABodyWhereNoneBelongsIsCorrupt) {
  const WireFrame frame = Encode(EpochNews{1, 2});

  EXPECT_TRUE(Decode(frame.head, {}).ok());
  EXPECT_FALSE(Decode(frame.head, Payload::Own("stray")).ok());
}

TEST(WireTest, AnotherVersionIsNamedInTheError) {
  std::string head = Encode(EpochNews{1, 2}).head;
  head[0] = 9;

  const auto decoded = Decode(head, {});

  ASSERT_FALSE(decoded.ok());
  EXPECT_NE(decoded.error().message.find("version 9"), std::string::npos);
}

TEST(WireTest, ATextLongerThanItsHeadIsCorruptAndAllocatesNothing) {
  std::string head = Encode(Suspicion{"", ""}).head;
  head.resize(2);
  head += "\xff\xff\xff\xff\xff\xff\xff\xff\x7f";  // A text of 2^63 bytes.

  EXPECT_FALSE(Decode(head, {}).ok());
}

TEST(WireTest, NumbersBeyondTheirTypeAreCorrupt) {
  const std::string news = Encode(EpochNews{0, 0}).head.substr(0, 2);
  const std::string nine_full(9, '\xff');

  EXPECT_TRUE(Decode(news + nine_full + '\x01' + '\0', {}).ok());
  EXPECT_FALSE(Decode(news + nine_full + '\x02' + '\0', {}).ok());
  EXPECT_FALSE(Decode(news + nine_full + '\xff' + '\x01' + '\0', {}).ok());

  std::string ack = Encode(Message{{}, MetaAck{}}).head;
  ack.replace(2, 1, "\x80\x80\x80\x80\x10");  // From task 2^32.
  EXPECT_FALSE(Decode(ack, {}).ok());
}

TEST(WireTest, ASecondSpellingOfANumberIsCorrupt) {
  std::string head = Encode(EpochNews{1, 2}).head;
  head.replace(2, 1, std::string("\x81\0", 2));

  EXPECT_FALSE(Decode(head, {}).ok());
}

TEST(WireTest, UnknownErrorCodesAndKindsAreCorrupt) {
  std::string refusal =
      Encode(Message{kRoute, Refusal{ErrorCode::kCorrupt, 1}}).head;
  ++refusal[refusal.size() - 2];
  EXPECT_FALSE(Decode(refusal, {}).ok());

  for (int kind : {0, 8, 255}) {
    EXPECT_FALSE(Decode(std::string{1, static_cast<char>(kind)}, {}).ok());
  }
}

// Whatever is taken at all is spelled in the one way, so nothing was guessed.
void ExpectTotal(const std::string& head, const Payload& body) {
  const auto decoded = Decode(head, body);
  if (!decoded) {
    EXPECT_EQ(decoded.error().code, ErrorCode::kCorrupt);
    return;
  }
  const WireFrame again = Encode(*decoded);
  EXPECT_EQ(again.head, head);
  EXPECT_EQ(again.body.text(), body.text());
}

TEST(WireTest, RandomBytesDoNoHarm) {
  std::mt19937_64 random(20240229);
  for (int round = 0; round < 200000; ++round) {
    std::string head(random() % 48, '\0');
    for (char& byte : head) byte = static_cast<char>(random());
    if (head.size() > 1) {  // Past the first door, most of the time.
      head[0] = 1;
      head[1] = static_cast<char>(random() % 13);
    }
    ExpectTotal(head, {});
  }
}

TEST(WireTest, FlippedBitsDoNoHarm) {
  std::mt19937_64 random(7);
  for (const NodeMessage& message : OneOfEachKind()) {
    const WireFrame frame = Encode(message);
    for (int round = 0; round < 5000; ++round) {
      std::string head = frame.head;
      for (std::uint64_t flips = 1 + random() % 3; flips > 0; --flips) {
        head[random() % head.size()] ^= static_cast<char>(1 << random() % 8);
      }
      ExpectTotal(head, frame.body);
    }
  }
}

}  // namespace
}  // namespace taskgraph::core
