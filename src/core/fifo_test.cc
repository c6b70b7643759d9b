// SPDX-License-Identifier: Apache-2.0
#include "core/fifo.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>

namespace taskgraph::core {
namespace {

TEST(FifoTest, WhatIsPutInComesOutInOrder) {
  Fifo<std::string> fifo;
  fifo.push_back("a");
  fifo.push_back("b");

  EXPECT_EQ(fifo.size(), 2u);
  EXPECT_EQ(fifo.Pop(), "a");
  EXPECT_EQ(fifo.front(), "b");
  EXPECT_EQ(fifo.Pop(), "b");
  EXPECT_TRUE(fifo.empty());
}

TEST(FifoTest, TheFrontHasItsFrontWhereverItIs) {
  Fifo<std::string> fifo;
  fifo.push_front("b");
  fifo.push_back("c");
  fifo.push_front("a");

  EXPECT_EQ(fifo.Pop(), "a");
  fifo.push_front("x");
  EXPECT_EQ(fifo.Pop(), "x");
  EXPECT_EQ(fifo.Pop(), "b");
  EXPECT_EQ(fifo.Pop(), "c");
}

// It grows and shrinks again and again without ever being empty.
TEST(FifoTest, ItIsLikeADequeAtAnyLength) {
  Fifo<int> fifo;
  std::deque<int> deque;
  for (int i = 0; i < 3000; ++i) {
    fifo.push_back(i);
    deque.push_back(i);
    if (i % 100 < 40) continue;
    while (deque.size() > static_cast<std::size_t>(i % 7 + 1)) {
      ASSERT_EQ(fifo.Pop(), deque.front());
      deque.pop_front();
    }
    ASSERT_EQ(fifo.size(), deque.size());
  }
}

TEST(FifoTest, AClearedOneIsAsNew) {
  Fifo<int> fifo;
  fifo.push_back(1);
  fifo.push_back(2);
  fifo.Pop();

  fifo.clear();

  EXPECT_TRUE(fifo.empty());
  fifo.push_back(3);
  EXPECT_EQ(fifo.Pop(), 3);
}

}  // namespace
}  // namespace taskgraph::core
