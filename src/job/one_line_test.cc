// SPDX-License-Identifier: Apache-2.0
#include "job/one_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace taskgraph::job {
namespace {

TEST(OneLineTest, WhatCanBeShownStaysAsItIs) {
  EXPECT_EQ(OneLine(""), "");
  EXPECT_EQ(OneLine("task 3: 50% \"done\" \\ über"),
            "task 3: 50% \"done\" \\ über");
}

TEST(OneLineTest, NothingBeginsALineOfItsOwnOrCommandsATerminal) {
  EXPECT_EQ(OneLine("one\r\ntwo\tthree"), "one\\r\\ntwo\\tthree");
  EXPECT_EQ(OneLine("\x1b[2J\x7f"), "\\x1b[2J\\x7f");
  EXPECT_EQ(OneLine(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(OneLine("\xc2\x9b"
                    "2J"),
            "\\xc2\\x9b2J");  // The same as ESC [.
}

TEST(OneLineTest, ALongTextIsCutBetweenItsCharacters) {
  const std::string line = OneLine(std::string(kLineBytesMax + 10, 'x'));
  EXPECT_EQ(line, std::string(kLineBytesMax, 'x') + "... (10 bytes more)");

  const std::string euros = OneLine(std::string(kLineBytesMax - 1, 'x') + "€€");
  EXPECT_EQ(euros, std::string(kLineBytesMax - 1, 'x') + "€... (3 bytes more)");
}

}  // namespace
}  // namespace taskgraph::job
