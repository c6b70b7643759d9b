// SPDX-License-Identifier: Apache-2.0
#include "core/meta_outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace taskgraph::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// "1:a 2:b": what is sent to `to` now.
std::vector<std::string> Sent(MetaOutbox& outbox, TaskId to) {
  std::vector<std::string> sent;
  while (const MetaMessage* meta = outbox.NextUnsent(to)) {
    sent.push_back(std::to_string(meta->number) + ":" + meta->text + "/" +
                   std::to_string(meta->occurrence));
  }
  return sent;
}

TEST(MetaOutboxTest, EachNeighborGetsItsOwnNumbers) {  // R10
  MetaOutbox outbox;
  outbox.Flag("left", "a", {1});
  outbox.Flag("both", "b", {1, 2});

  EXPECT_THAT(Sent(outbox, 1), ElementsAre("1:a/1", "2:b/1"));
  EXPECT_THAT(Sent(outbox, 2), ElementsAre("1:b/1"));
  EXPECT_THAT(Sent(outbox, 3), IsEmpty());
}

TEST(MetaOutboxTest, EqualMetasAreCountedByLinkAndText) {  // R11
  MetaOutbox outbox;
  outbox.Flag("l", "a", {1});
  outbox.Flag("l", "a", {1});
  outbox.Flag("m", "a", {1});

  EXPECT_THAT(Sent(outbox, 1), ElementsAre("1:a/1", "2:a/2", "3:a/1"));
}

TEST(MetaOutboxTest, WhatIsNotAcknowledgedIsSentAgain) {  // R10
  MetaOutbox outbox;
  for (const char* text : {"a", "b", "c"}) outbox.Flag("l", text, {1});
  Sent(outbox, 1);
  outbox.Acknowledge(1, 1);

  outbox.Rewind(1);

  EXPECT_THAT(Sent(outbox, 1), ElementsAre("2:b/1", "3:c/1"));
  EXPECT_TRUE(outbox.HasUnacknowledged(1));
  outbox.Acknowledge(1, 3);
  EXPECT_FALSE(outbox.HasUnacknowledged(1));
}

TEST(MetaOutboxTest, ANeighborThatRestartedHearsAllAgain) {  // R10
  MetaOutbox outbox;
  outbox.Flag("l", "a", {1});
  outbox.Flag("l", "b", {1});
  Sent(outbox, 1);
  outbox.Acknowledge(1, 2);

  outbox.RewindToStart(1);

  EXPECT_THAT(Sent(outbox, 1), ElementsAre("1:a/1", "2:b/1"));
}

TEST(MetaOutboxTest, AnAcknowledgementOfWhatWasSentBeforeIsNotLost) {
  MetaOutbox outbox;
  outbox.Flag("l", "a", {1});
  outbox.Flag("l", "b", {1});
  Sent(outbox, 1);
  outbox.Rewind(1);

  outbox.Acknowledge(1, 1);  // It was under way.

  EXPECT_THAT(Sent(outbox, 1), ElementsAre("2:b/1"));
}

TEST(MetaOutboxTest, AcknowledgementsThatCannotBeAreIgnored) {
  MetaOutbox outbox;
  outbox.Flag("l", "a", {1});

  outbox.Acknowledge(1, 2);
  outbox.Acknowledge(9, 1);

  EXPECT_TRUE(outbox.HasUnacknowledged(1));
}

}  // namespace
}  // namespace taskgraph::core
