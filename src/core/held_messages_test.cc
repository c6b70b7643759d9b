// SPDX-License-Identifier: Apache-2.0
#include "core/held_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace taskgraph::core {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

Message Of(std::size_t bytes) {
  return {{},
          RequestMessage{{}, 0, "", "", Payload::Own(std::string(bytes, 'x'))}};
}

class HeldForTest : public testing::Test {
 protected:
  bool Add(int key, std::size_t bytes) {
    Message message = Of(bytes);
    return held_.Add(key, "n", message, limits_);
  }

  LimitOptions limits_{.held_messages_max = 3, .held_bytes_max = 100};
  HeldFor<int, Message> held_;
};

TEST_F(HeldForTest, NumbersAndBytesAreBoundedOverAllKeys) {
  EXPECT_TRUE(Add(1, 60));
  EXPECT_FALSE(Add(2, 41));
  EXPECT_TRUE(Add(2, 40));
  EXPECT_TRUE(Add(1, 0));
  EXPECT_FALSE(Add(1, 0));

  EXPECT_THAT(held_.Take(1), SizeIs(2));
  EXPECT_THAT(held_.Take(1), IsEmpty());
  EXPECT_FALSE(Add(1, 61));
  EXPECT_TRUE(Add(1, 60));
}

TEST_F(HeldForTest, OneAloneMayBeOfAnySize) {
  EXPECT_TRUE(Add(1, 1000));
  EXPECT_FALSE(Add(1, 0));
  held_.Take(1);
  EXPECT_TRUE(Add(1, 1000));
}

TEST_F(HeldForTest, WhatFindsNoRoomIsAsItWas) {
  ASSERT_TRUE(Add(1, 100));
  Message message = Of(5);
  EXPECT_FALSE(held_.Add(1, "n", message, limits_));
  EXPECT_EQ(message, Of(5));
}

}  // namespace
}  // namespace taskgraph::core
