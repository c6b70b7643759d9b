// SPDX-License-Identifier: Apache-2.0
#include "core/epoch_watch.h"

#include <gtest/gtest.h>

namespace taskgraph::core {
namespace {

using By = EpochWatch::By;

constexpr Duration kShort = std::chrono::milliseconds(2);
constexpr Time kStart = std::chrono::seconds(100);

// A node that learns of one epoch after the other.
struct Node {
  EpochWatch watch;
  Epoch epoch = 0;
  Time now = kStart;

  void Hear(By first) {
    watch.Advanced(epoch++, first, now);
    if (first == By::kPeers) watch.HeardFromPeer(epoch);
  }
  // Until the watch is given up; how many epochs that took.
  int HearShortOnes() {
    int epochs = 0;
    for (; watch.by() == By::kWatch && epochs < 100'000; ++epochs) {
      now += kShort;
      Hear(By::kPeers);
    }
    return epochs;
  }
  void BeSilent() {
    now += EpochWatch::kSilence;
    watch.OnDeadline(now);
  }
};

TEST(EpochWatchTest, ItIsGivenUpWhenOthersTellOfShortEpochs) {  // R6
  Node node;

  EXPECT_LT(node.HearShortOnes(), 20);

  EXPECT_EQ(node.watch.by(), By::kPeers);
  EXPECT_EQ(node.watch.NextDeadline(), node.now + EpochWatch::kSilence);
}

TEST(EpochWatchTest, ItIsKeptWhereNobodyElseTells) {  // R6
  Node node;
  for (int i = 0; i < 1000; ++i) {
    node.now += kShort;
    node.Hear(By::kWatch);
  }

  EXPECT_EQ(node.watch.by(), By::kWatch);
  EXPECT_EQ(node.watch.NextDeadline(), kNever);
}

// The watch is often the first, and others tell of the epoch a little later.
TEST(EpochWatchTest, WhoTellsLaterCountsAsWell) {
  Node node;
  for (int i = 0; i < 1000; ++i) {
    node.now += kShort;
    node.Hear(By::kWatch);
    node.watch.HeardFromPeer(node.epoch);
  }

  EXPECT_EQ(node.watch.by(), By::kPeers);
}

TEST(EpochWatchTest, ItIsKeptWhileEpochsAreLong) {
  Node node;
  for (int i = 0; i < 1000; ++i) {
    node.now += EpochWatch::kSilence;
    node.Hear(By::kPeers);
  }

  EXPECT_EQ(node.watch.by(), By::kWatch);
}

TEST(EpochWatchTest, ItIsTakenUpAgainAfterASilence) {  // R6
  Node node;
  node.HearShortOnes();

  node.now += kShort;
  node.watch.OnDeadline(node.now);
  EXPECT_EQ(node.watch.by(), By::kPeers);  // Too soon.

  node.BeSilent();
  EXPECT_EQ(node.watch.by(), By::kWatch);
  EXPECT_EQ(node.watch.NextDeadline(), kNever);
}

TEST(EpochWatchTest, WhoMissedItIsSlowerToGiveItUp) {
  Node node;
  const int before = node.HearShortOnes();

  node.BeSilent();
  node.Hear(By::kWatch);  // So nobody else had told of it.
  EXPECT_GT(node.HearShortOnes(), 2 * before);
}

TEST(EpochWatchTest, ALongEpochThatOthersTellOfWasNoMiss) {
  Node node;
  const int before = node.HearShortOnes();

  node.BeSilent();
  node.Hear(By::kPeers);
  EXPECT_LE(node.HearShortOnes(), before);
}

}  // namespace
}  // namespace taskgraph::core
