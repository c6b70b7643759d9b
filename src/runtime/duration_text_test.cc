// SPDX-License-Identifier: Apache-2.0
#include "runtime/duration_text.h"

#include <gtest/gtest.h>

#include <chrono>

namespace taskgraph::runtime {
namespace {

using namespace std::chrono_literals;

TEST(DurationTextTest, ANumberAndItsUnitAreATime) {
  EXPECT_EQ(*ParseDuration("200ms"), 200ms);
  EXPECT_EQ(*ParseDuration("2s"), 2s);
  EXPECT_EQ(*ParseDuration("1.5s"), 1500ms);
  EXPECT_EQ(*ParseDuration("10min"), 10min);
  EXPECT_EQ(*ParseDuration("1h"), 1h);
  EXPECT_EQ(*ParseDuration("0s"), 0s);
  EXPECT_EQ(*ParseDuration("0.5us"), 500ns);
}

TEST(DurationTextTest, WhatHasNoUnitOrNoSenseIsRefusedWithAnExample) {
  for (const char* text :
       {"", "2", "s", "-1s", "2 s", "2sec", "nans", "inf", "2s2s"}) {
    const Result<Duration> duration = ParseDuration(text);

    ASSERT_FALSE(duration.ok()) << text;
    EXPECT_NE(duration.error().message.find("200ms"), std::string::npos);
  }
}

TEST(DurationTextTest, MoreThanAYearIsRefusedWithTheLimit) {
  for (const char* text : {"1e300h", "8761h"}) {
    const Result<Duration> duration = ParseDuration(text);

    ASSERT_FALSE(duration.ok()) << text;
    EXPECT_NE(duration.error().message.find("at most 8760h"),
              std::string::npos);
  }
}

TEST(DurationTextTest, ATimeIsWrittenInItsLargestExactUnit) {
  EXPECT_EQ(FormatDuration(2s), "2s");
  EXPECT_EQ(FormatDuration(1500ms), "1500ms");
  EXPECT_EQ(FormatDuration(600s), "10min");
  EXPECT_EQ(FormatDuration(0s), "0s");
  EXPECT_EQ(FormatDuration(1500ns), "1500ns");
}

}  // namespace
}  // namespace taskgraph::runtime
