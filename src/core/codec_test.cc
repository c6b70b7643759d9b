// SPDX-License-Identifier: Apache-2.0
//
// Messages of the library's own types, and those that only look like one.
#include "taskgraph/codec.h"

#include <gtest/gtest.h>

namespace taskgraph {
namespace {

// As protobuf's messages are seen by Codec.
struct Large {
  bool SerializeToString(std::string*) const { return false; }
  bool ParseFromArray(const void*, int size) {
    parsed = size;
    return true;
  }
  int parsed = 0;
};

TEST(CodecTest, AByteThatIsNeitherTrueNorFalseIsNoBool) {
  EXPECT_EQ(Codec<bool>::Decode(Payload::Own("\x01")), true);
  EXPECT_EQ(Codec<bool>::Decode(Payload::Own(std::string(1, '\0'))), false);
  EXPECT_EQ(Codec<bool>::Decode(Payload::Own("\x02")), std::nullopt);
  EXPECT_EQ(Codec<bool>::Decode({}), std::nullopt);
}

TEST(CodecTest, AProtobufMessageBeyondWhatProtobufCountsIsMalformed) {
  const char byte = 0;
  const Payload huge(nullptr, &byte, (std::size_t{1} << 32) + 5);
  const Payload small(nullptr, &byte, 1);

  EXPECT_FALSE(Codec<Large>::Decode(huge));
  EXPECT_EQ(Codec<Large>::Decode(small)->parsed, 1);
}

TEST(CodecTest, AProtobufMessageThatCantBeEncodedIsTheCallersMistake) {
  EXPECT_THROW(Codec<Large>::Encode({}), UsageError);
}

using Floats = std::vector<float>;

// Where the handler finds the message in `bytes`; null: it is malformed.
const float* WhereRead(const Payload& bytes, const Floats& expected) {
  const float* place = nullptr;
  ReadMessage<Floats>(bytes, [&](const Floats& floats) {
    EXPECT_EQ(floats, expected);
    place = floats.data();
  });
  return place;
}

TEST(CodecTest, AVectorIsReadWhereItIs) {
  Floats floats = {1, 2, 3};
  const Floats expected = floats;
  const float* place = floats.data();
  const Payload bytes = Codec<Floats>::Encode(std::move(floats));
  EXPECT_EQ(WhereRead(bytes, expected), place);
}

TEST(CodecTest, WhatIsNoVectorIsCopiedIntoOne) {
  const Floats expected = {1, 2, 3};
  const Payload array = Codec<Array<float>>::Encode(Array<float>(expected));
  const float* copied = WhereRead(array, expected);
  EXPECT_NE(copied, nullptr);
  EXPECT_NE(copied, reinterpret_cast<const float*>(array.data()));

  const Payload longer = Payload::Own(Floats{0, 1, 2, 3});
  const Payload part(longer.owner(), longer.data() + 4, 12);
  EXPECT_NE(WhereRead(part, expected), nullptr);

  std::string text(13, '\0');
  std::memcpy(text.data() + 1, expected.data(), 12);
  const Payload owner = Payload::Own(text);
  const Payload unaligned(owner.owner(), owner.data() + 1, 12);
  EXPECT_NE(WhereRead(unaligned, expected), nullptr);
  const Payload malformed(owner.owner(), owner.data(), 13);
  EXPECT_EQ(WhereRead(malformed, expected), nullptr);
}

TEST(CodecTest, AnEmptyVectorIsAVector) {
  int heard = 0;
  const auto count = [&](const Floats& floats) {
    EXPECT_TRUE(floats.empty());
    ++heard;
  };
  EXPECT_TRUE(ReadMessage<Floats>(Codec<Floats>::Encode({}), count));
  EXPECT_TRUE(ReadMessage<Floats>({}, count));
  EXPECT_EQ(heard, 2);
}

TEST(CodecTest, AVectorMayBeSharedWithOthers) {
  const auto floats = std::make_shared<const Floats>(Floats{1, 2, 3});
  const Payload bytes = Payload::Share(floats);
  EXPECT_EQ(bytes.AsVector<float>(), floats.get());
  EXPECT_EQ(bytes.AsVector<std::int32_t>(), nullptr);
}

}  // namespace
}  // namespace taskgraph
