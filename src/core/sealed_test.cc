// SPDX-License-Identifier: Apache-2.0
#include "core/sealed.h"

#include <gtest/gtest.h>

#include <string>

namespace taskgraph::core {
namespace {

TEST(SealedTest, WhatIsSealedIsIntact) {
  EXPECT_TRUE(IsIntact(Seal({})));
  EXPECT_TRUE(IsIntact(Seal(Payload::Own("state"))));
}

TEST(SealedTest, AnyBitThatFlipsIsFound) {
  const std::string text(300, 's');
  const Sealed sealed = Seal(Payload::Own(text));
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string damaged = text;
    damaged[bit / 8] ^= static_cast<char>(1 << bit % 8);
    EXPECT_FALSE(IsIntact({Payload::Own(damaged), sealed.seal})) << bit;
  }
}

TEST(SealedTest, BytesThatAreMissingAreFound) {
  const Sealed sealed = Seal(Payload::Own(std::string(300, '\0')));
  EXPECT_FALSE(IsIntact({Payload::Own(std::string(299, '\0')), sealed.seal}));
  EXPECT_FALSE(IsIntact({{}, sealed.seal}));
}

}  // namespace
}  // namespace taskgraph::core
