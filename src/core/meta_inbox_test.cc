// SPDX-License-Identifier: Apache-2.0
#include "core/meta_inbox.h"

#include <gtest/gtest.h>

namespace taskgraph::core {
namespace {

using Verdict = MetaInbox::Verdict;

constexpr TaskId kSender = 7;

MetaMessage Meta(MetaNumber number, std::string text,
                 std::uint64_t occurrence = 1) {
  return {number, occurrence, "link", std::move(text)};
}

TEST(MetaInboxTest, EachMetaIsNewOnce) {  // R10
  MetaInbox inbox;

  EXPECT_EQ(inbox.Arrive(kSender, 1, Meta(1, "a")), Verdict::kNew);
  EXPECT_EQ(inbox.Arrive(kSender, 1, Meta(2, "b")), Verdict::kNew);
  EXPECT_EQ(inbox.Arrive(kSender, 1, Meta(1, "a")), Verdict::kKnown);
}

TEST(MetaInboxTest, AGapIsSeenAndNotTaken) {  // R10
  MetaInbox inbox;

  EXPECT_EQ(inbox.Arrive(kSender, 1, Meta(2, "b")), Verdict::kTooSoon);
  EXPECT_EQ(inbox.Arrive(kSender, 1, Meta(1, "a")), Verdict::kNew);
  EXPECT_EQ(inbox.Arrive(kSender, 1, Meta(2, "b")), Verdict::kNew);
}

TEST(MetaInboxTest, TwoEqualMetasAreTwoMetas) {  // R10, R11
  MetaInbox inbox;

  EXPECT_EQ(inbox.Arrive(kSender, 1, Meta(1, "a", 1)), Verdict::kNew);
  EXPECT_EQ(inbox.Arrive(kSender, 1, Meta(2, "a", 2)), Verdict::kNew);
}

TEST(MetaInboxTest, OnlyWhatTookEffectIsAcknowledged) {  // R10
  MetaInbox inbox;
  inbox.Arrive(kSender, 1, Meta(1, "a"));
  inbox.Arrive(kSender, 1, Meta(2, "b"));
  EXPECT_EQ(inbox.Acknowledged(kSender), 0u);

  inbox.Heard(kSender, 1, 1);
  EXPECT_EQ(inbox.Acknowledged(kSender), 1u);
  inbox.Heard(kSender, 1, 2);
  EXPECT_EQ(inbox.Acknowledged(kSender), 2u);
}

TEST(MetaInboxTest, ARestartedSenderIsNotHeardTwice) {  // R11
  MetaInbox inbox;
  inbox.Arrive(kSender, 1, Meta(1, "a"));
  inbox.Heard(kSender, 1, 1);

  EXPECT_EQ(inbox.Arrive(kSender, 2, Meta(1, "a")), Verdict::kKnown);
  EXPECT_EQ(inbox.Acknowledged(kSender), 1u);
  EXPECT_EQ(inbox.Arrive(kSender, 2, Meta(2, "new")), Verdict::kNew);
}

TEST(MetaInboxTest, ARestartedSenderMayFlagInAnotherOrder) {  // R11
  MetaInbox inbox;
  inbox.Arrive(kSender, 1, Meta(1, "a"));
  inbox.Arrive(kSender, 1, Meta(2, "b"));

  EXPECT_EQ(inbox.Arrive(kSender, 2, Meta(1, "c")), Verdict::kNew);
  EXPECT_EQ(inbox.Arrive(kSender, 2, Meta(2, "a")), Verdict::kKnown);
  EXPECT_EQ(inbox.Acknowledged(kSender), 0u);  // "c" is not heard yet.
  inbox.Heard(kSender, 2, 1);
  EXPECT_EQ(inbox.Acknowledged(kSender), 2u);
}

TEST(MetaInboxTest, ATurnAboutAnEarlierIncarnationAcknowledgesNothing) {
  MetaInbox inbox;
  inbox.Arrive(kSender, 1, Meta(1, "a"));
  inbox.Arrive(kSender, 2, Meta(1, "b"));

  inbox.Heard(kSender, 1, 1);

  EXPECT_EQ(inbox.Acknowledged(kSender), 0u);
}

TEST(MetaInboxTest, ANewEpochForgetsEverything) {
  MetaInbox inbox;
  inbox.Arrive(kSender, 1, Meta(1, "a"));

  inbox.Clear();

  EXPECT_EQ(inbox.Arrive(kSender, 1, Meta(1, "a")), Verdict::kNew);
}

}  // namespace
}  // namespace taskgraph::core
