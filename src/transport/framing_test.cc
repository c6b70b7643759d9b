// SPDX-License-Identifier: Apache-2.0
//
// The two halves of framing, one writing and one reading.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "transport/frame_reader.h"
#include "transport/write_queue.h"

namespace taskgraph::transport {
namespace {

constexpr std::uint64_t kPiece = 1000;

Frame FrameOf(std::string head, std::size_t body_bytes) {
  std::string body(body_bytes, '\0');
  for (std::size_t i = 0; i < body_bytes; ++i) {
    body[i] = static_cast<char>(i * 31 + head.size());
  }
  return {std::move(head), Payload::Own(std::move(body))};
}

class Reading {
 public:
  Reading()
      : reader({.head_bytes_max = 100, .body_bytes_max = 100000}, pool,
               [this](Frame frame) { frames.push_back(std::move(frame)); }) {}

  std::vector<std::string> Heads() const {
    std::vector<std::string> heads;
    for (const Frame& frame : frames) heads.push_back(frame.head);
    return heads;
  }

  BufferPool pool{1 << 20};
  std::vector<Frame> frames;
  FrameReader reader;
};

// Takes up to `count` bytes off the queue, as a socket would.
std::string Take(WriteQueue& queue, std::size_t count) {
  std::vector<WriteQueue::Bytes> parts(8);
  parts.resize(queue.Gather(parts));
  std::string taken;
  for (const auto part : parts) {
    const std::size_t left = std::min(part.size(), count - taken.size());
    taken.append(reinterpret_cast<const char*>(part.data()), left);
  }
  queue.Written(taken.size());
  return taken;
}

std::string TakeAll(WriteQueue& queue) {
  std::string all;
  while (!queue.empty()) all += Take(queue, 1 << 20);
  return all;
}

bool Feed(FrameReader& reader, std::string_view bytes) {
  return reader.Feed(std::as_bytes(std::span(bytes)));
}

std::string HeaderOf(const FrameHeader& header) {
  std::string bytes;
  AppendHeader(bytes, header);
  return bytes;
}

TEST(FramingTest, FramesComeOutAsTheyWentIn) {
  WriteQueue queue(kPiece);
  const std::vector<Frame> sent = {FrameOf("a", 0), FrameOf("", 0),
                                   FrameOf("bb", 1), FrameOf("c", kPiece),
                                   FrameOf("", 17)};
  for (const Frame& frame : sent) queue.Push(Frame(frame));
  Reading reading;
  ASSERT_TRUE(Feed(reading.reader, TakeAll(queue)));
  ASSERT_EQ(reading.frames.size(), sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(reading.frames[i].head, sent[i].head);
    EXPECT_EQ(reading.frames[i].body, sent[i].body);
  }
}

TEST(FramingTest, BytesMayBeCutAnywhereOnBothSides) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    WriteQueue queue(kPiece);
    Reading reading;
    std::size_t sent = 0;
    while (sent < 20 || !queue.empty()) {
      if (sent < 20 && random() % 2) {
        queue.Push(FrameOf(std::string(random() % 50, 'h'),
                           random() % (random() % 3 ? 100 : 20000)));
        ++sent;
      }
      const std::string bytes = Take(queue, 1 + random() % 3000);
      std::string_view rest = bytes;
      while (!rest.empty()) {
        // Sometimes straight into the body, as a socket does.
        const auto direct = reading.reader.Direct();
        std::size_t count = 1 + random() % rest.size();
        if (!direct.empty() && random() % 2) {
          count = std::min(count, direct.size());
          std::memcpy(direct.data(), rest.data(), count);
          ASSERT_TRUE(reading.reader.Filled(count));
        } else {
          ASSERT_TRUE(Feed(reading.reader, rest.substr(0, count)));
        }
        rest.remove_prefix(count);
      }
    }
    ASSERT_EQ(reading.frames.size(), 20u) << "seed " << seed;
    for (const Frame& frame : reading.frames) {
      EXPECT_EQ(frame.body, FrameOf(frame.head, frame.body.size()).body);
    }
  }
}

TEST(FramingTest, ASmallFrameWaitsForOnePieceOfALargeOne) {
  WriteQueue queue(kPiece);
  queue.Push(FrameOf("large", 50 * kPiece));
  std::string bytes = Take(queue, 500);
  queue.Push(FrameOf("small", 1));
  bytes += Take(queue, 2 * kPiece);
  Reading reading;
  ASSERT_TRUE(Feed(reading.reader, bytes));
  EXPECT_EQ(reading.Heads(), std::vector<std::string>{"small"});
}

TEST(FramingTest, LargeBodiesTakeTurns) {
  WriteQueue queue(kPiece);
  queue.Push(FrameOf("longer", 20 * kPiece));
  queue.Push(FrameOf("shorter", 5 * kPiece));
  Reading reading;
  ASSERT_TRUE(Feed(reading.reader, TakeAll(queue)));
  EXPECT_EQ(reading.Heads(), (std::vector<std::string>{"shorter", "longer"}));
}

TEST(FramingTest, AFloodOfSmallFramesDoesNotStarveALargeOne) {
  WriteQueue queue(kPiece);
  Reading reading;
  queue.Push(FrameOf("large", 10 * kPiece));
  for (int i = 0;
       i < 100 && reading.Heads() != std::vector<std::string>{"large"}; ++i) {
    while (queue.bytes() < 20 * kPiece) queue.Push(FrameOf("s", 900));
    ASSERT_TRUE(Feed(reading.reader, Take(queue, 3 * kPiece)));
    std::erase_if(reading.frames, [](auto& f) { return f.head == "s"; });
  }
  EXPECT_EQ(reading.Heads(), std::vector<std::string>{"large"});
}

TEST(FramingTest, MoreLargeBodiesThanStreamsWaitTheirTurn) {
  WriteQueue queue(kPiece);
  for (int i = 0; i < 50; ++i) queue.Push(FrameOf("x", 3 * kPiece));
  Reading reading;
  ASSERT_TRUE(Feed(reading.reader, TakeAll(queue)));
  EXPECT_EQ(reading.frames.size(), 50u);
}

TEST(FramingTest, ABodyIsWrittenFromItsOwnMemory) {
  WriteQueue queue(1 << 20);
  const Frame frame = FrameOf("head", 100000);
  queue.Push(Frame(frame));
  std::vector<WriteQueue::Bytes> parts(8);
  parts.resize(queue.Gather(parts));
  EXPECT_EQ(parts.back().data(), frame.body.data());
}

std::vector<float> Floats(std::size_t count) {
  std::vector<float> floats(count);
  for (std::size_t i = 0; i < count; ++i) floats[i] = static_cast<float>(i);
  return floats;
}

TEST(FramingTest, AVectorIsReadIntoAVector) {
  const std::vector<float> sent = Floats(20000);
  WriteQueue queue(kPiece);
  queue.Push({"floats", Payload::Own(sent)});
  const std::string bytes = TakeAll(queue);
  for (std::size_t step : {1u, 777u, 100000u}) {
    Reading reading;
    std::string_view rest = bytes;
    while (!rest.empty()) {
      ASSERT_TRUE(Feed(reading.reader, rest.substr(0, step)));
      rest.remove_prefix(std::min(step, rest.size()));
    }
    ASSERT_EQ(reading.frames.size(), 1u);
    const Payload& body = reading.frames[0].body;
    EXPECT_EQ(body.AsVector<std::int32_t>(), nullptr);
    const std::vector<float>* received = body.AsVector<float>();
    ASSERT_NE(received, nullptr);
    EXPECT_EQ(*received, sent);
  }
}

TEST(FramingTest, ASecondVectorTakesTheMemoryOfTheFirst) {
  WriteQueue queue(kPiece);
  queue.Push({"long", Payload::Own(Floats(20000))});
  Reading reading;
  ASSERT_TRUE(Feed(reading.reader, TakeAll(queue)));
  const auto* first = reading.frames[0].body.data();
  reading.frames.clear();

  queue.Push({"shorter", Payload::Own(Floats(19000))});
  ASSERT_TRUE(Feed(reading.reader, TakeAll(queue)));

  EXPECT_EQ(reading.frames[0].body.data(), first);
  EXPECT_EQ(*reading.frames[0].body.AsVector<float>(), Floats(19000));
}

TEST(FramingTest, HalfAnElementIsNoVector) {
  const std::string body(kPooledBytesMin + 1, 'x');
  const ElementNumber floats = ElementNumberOf<float>();
  Reading reading;
  ASSERT_TRUE(Feed(reading.reader,
                   HeaderOf({FrameKind::kWhole, 0, 0, body.size(), floats})));
  ASSERT_TRUE(Feed(reading.reader, body));
  EXPECT_EQ(reading.frames[0].body.AsVector<float>(), nullptr);
  EXPECT_EQ(reading.frames[0].body.text(), body);
}

TEST(FramingTest, TheQueueKnowsItsSize) {
  WriteQueue queue(kPiece);
  EXPECT_TRUE(queue.empty());
  queue.Push(FrameOf("head", 10));
  EXPECT_EQ(queue.bytes(), kFrameHeaderBytes + 14);
  queue.PushHeartbeat();
  TakeAll(queue);
  EXPECT_TRUE(queue.empty());
}

TEST(FramingTest, ImpossibleHeadersAreRefused) {
  const std::vector<std::string> impossible = {
      std::string(kFrameHeaderBytes, 'x'),
      HeaderOf({FrameKind::kHeartbeat, 0, 1, 0}),
      HeaderOf({FrameKind::kHeartbeat, 0, 0, 0, 1}),
      HeaderOf({FrameKind::kWhole, 0, 101, 0}),
      HeaderOf({FrameKind::kWhole, 0, 0, 100001}),
      HeaderOf({FrameKind::kWhole, 0, 0, ~std::uint64_t{0}}),
      HeaderOf({FrameKind::kLarge, 0, 0, 0}),
      HeaderOf({FrameKind::kPiece, 1, 0, 1}),
      HeaderOf({FrameKind::kLarge, 1, 0, 9}) +
          HeaderOf({FrameKind::kLarge, 1, 0, 9}),
      HeaderOf({FrameKind::kLarge, 1, 0, 9}) +
          HeaderOf({FrameKind::kPiece, 1, 0, 10}),
      HeaderOf({FrameKind::kLarge, 1, 0, 9}) +
          HeaderOf({FrameKind::kPiece, 1, 0, 9, 1}),
      HeaderOf({FrameKind::kLarge, 1, 0, 9}) +
          HeaderOf({FrameKind::kPiece, 1, 0, 0})};
  for (const std::string& bytes : impossible) {
    Reading reading;
    EXPECT_FALSE(Feed(reading.reader, bytes));
    EXPECT_NE(reading.reader.error(), "");
  }
}

TEST(FramingTest, AFrameAboveALimitIsToldWithTheLimit) {
  Reading head;
  EXPECT_FALSE(Feed(head.reader, HeaderOf({FrameKind::kWhole, 0, 101, 0})));
  EXPECT_EQ(head.reader.error(),
            "a head of 101 bytes, above head_bytes_max = 100");

  Reading body;
  EXPECT_FALSE(Feed(body.reader, HeaderOf({FrameKind::kLarge, 1, 0, 100001})));
  EXPECT_EQ(body.reader.error(),
            "a body of 100001 bytes, above body_bytes_max = 100000");
}

TEST(FramingTest, APeerOpensOnlySoManyStreams) {
  Reading reading;
  for (StreamId i = 0; i < kOpenStreamsMax; ++i) {
    EXPECT_TRUE(Feed(reading.reader, HeaderOf({FrameKind::kLarge, i, 0, 9})));
  }
  EXPECT_FALSE(Feed(reading.reader, HeaderOf({FrameKind::kLarge, 99, 0, 9})));
}

// Random bytes, and sound ones with a few changed: whatever comes, the reader
// stays within its limits or refuses.
TEST(FramingTest, NoBytesHarmTheReader) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    std::mt19937 random(seed);
    WriteQueue queue(kPiece);
    for (int i = 0; i < 5; ++i) {
      queue.Push(FrameOf(std::string(random() % 100, 'h'), random() % 5000));
    }
    std::string bytes = TakeAll(queue);
    for (unsigned i = 0; i < seed % 8; ++i) {
      const std::size_t at = random() % bytes.size();
      if (random() % 2) {
        bytes[at] = static_cast<char>(random());
      } else {
        bytes.erase(at, random() % 40);
      }
    }
    Reading reading;
    const bool sound = Feed(reading.reader, bytes);
    EXPECT_TRUE(sound || !reading.reader.error().empty());
    for (const Frame& frame : reading.frames) {
      EXPECT_LE(frame.head.size(), 100u);
      EXPECT_LE(frame.body.size(), 100000u);
    }
  }
}

}  // namespace
}  // namespace taskgraph::transport
