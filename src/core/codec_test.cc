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

}  // namespace
}  // namespace taskgraph
