// SPDX-License-Identifier: Apache-2.0
#include "core/neighborhood.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace taskgraph::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr TaskId kFriend = 1;

class NeighborhoodTest : public testing::Test {
 protected:
  void SetUp() override {
    Record({1, 1, "a", {}, 0, ""});
    EnterWith({kFriend});
    hood_.ReviewAll();
  }

  void Record(Assignment assignment) { directory_.Update(kFriend, assignment); }

  // Says whether there is something to review.
  bool EnterWith(TaskList friends) {
    return hood_.Enter(std::make_shared<NeighborLists>(
        NeighborLists{{"friends", std::move(friends)}}));
  }

  // "lost 1", "back 2": what a task is told, with the incarnation.
  static std::vector<std::string> Words(const std::vector<Cause>& causes) {
    std::vector<std::string> words;
    for (const Cause& cause : causes) {
      if (const auto* lost = std::get_if<NeighborLost>(&cause)) {
        words.push_back("lost " + std::to_string(lost->neighbor.incarnation));
      } else if (const auto* back = std::get_if<NeighborBack>(&cause)) {
        words.push_back("back " + std::to_string(back->neighbor.incarnation));
      }
    }
    return words;
  }

  // What it is told, and hears.
  std::vector<std::string> Hear() {
    const std::vector<Cause> causes = hood_.ReviewAll();
    for (const Cause& cause : causes) {
      if (const auto* lost = std::get_if<NeighborLost>(&cause)) {
        hood_.Told(*lost);
      } else {
        hood_.Told(std::get<NeighborBack>(cause));
      }
    }
    return Words(causes);
  }

  Directory directory_{3};
  Neighborhood hood_{directory_};
};

TEST_F(NeighborhoodTest, WhoIsMetForTheFirstTimeIsNoNews) {  // R22
  EXPECT_THAT(Hear(), IsEmpty());
}

TEST_F(NeighborhoodTest, ALossAndAReturnAreToldOnceEachInOrder) {  // R22
  Record({2, 2, "", {}, 0, "lost"});
  EXPECT_THAT(Hear(), ElementsAre("lost 1"));
  EXPECT_THAT(Hear(), IsEmpty());

  Record({3, 2, "b", {}, 0, "lost"});
  EXPECT_THAT(Hear(), ElementsAre("back 2"));
  EXPECT_THAT(Hear(), IsEmpty());
}

TEST_F(NeighborhoodTest, AReplacementInOneChangeIsALossAndAReturn) {  // R22
  Record({2, 2, "b", {}, 0, "lost"});

  EXPECT_THAT(Hear(), ElementsAre("lost 1", "back 2"));
}

TEST_F(NeighborhoodTest, ChangesThatWereMissedAreToldAsOne) {  // R22
  Record({9, 5, "b", {}, 0, "lost"});

  EXPECT_THAT(Hear(), ElementsAre("lost 1", "back 5"));
}

TEST_F(NeighborhoodTest, APromotionIsHidden) {  // R22
  Record({2, 1, "b", {}, 0, ""});

  EXPECT_THAT(Hear(), IsEmpty());
}

TEST_F(NeighborhoodTest, ANeighborWithoutANodeFromTheStartIsNoNews) {
  Directory directory(3);
  Neighborhood hood(directory);
  hood.Enter(std::make_shared<NeighborLists>(NeighborLists{{"l", {2}}}));

  EXPECT_THAT(Words(hood.ReviewAll()), IsEmpty());
  directory.Update(2, {1, 1, "a", {}, 0, ""});
  EXPECT_THAT(Words(hood.Review(2)), IsEmpty());
  directory.Update(2, {2, 2, "", {}, 0, ""});
  EXPECT_THAT(Words(hood.Review(2)), ElementsAre("lost 1"));
}

TEST_F(NeighborhoodTest, WhatWasAnnouncedButNotHeardIsToldInTheNextEpoch) {
  Record({2, 2, "b", {}, 0, ""});
  EXPECT_THAT(Words(hood_.ReviewAll()), ElementsAre("lost 1", "back 2"));

  EXPECT_TRUE(EnterWith({kFriend}));

  EXPECT_THAT(Hear(), ElementsAre("lost 1", "back 2"));
}

TEST_F(NeighborhoodTest, EqualNeighborsNeedNoReviewUnlessSomethingWasNotHeard) {
  EXPECT_FALSE(EnterWith({kFriend}));
  EXPECT_TRUE(EnterWith({kFriend, 2}));
  hood_.ReviewAll();

  Record({2, 2, "b", {}, 0, ""});
  hood_.Review(kFriend);
  EXPECT_TRUE(EnterWith({kFriend, 2}));
  EXPECT_THAT(Hear(), ElementsAre("lost 1", "back 2"));
  EXPECT_TRUE(EnterWith({kFriend, 2}));
  EXPECT_THAT(Hear(), IsEmpty());
  EXPECT_FALSE(EnterWith({kFriend, 2}));
}

TEST_F(NeighborhoodTest, WhoIsNoNeighborAnyMoreIsNotSpokenOf) {  // R22
  EnterWith({});
  Record({2, 2, "b", {}, 0, ""});
  EXPECT_THAT(Hear(), IsEmpty());

  EnterWith({kFriend});
  EXPECT_THAT(Hear(), ElementsAre("lost 1", "back 2"));
}

TEST_F(NeighborhoodTest, TheLinkTypesOfTheNeighborAreNamed) {
  hood_.Enter(std::make_shared<NeighborLists>(
      NeighborLists{{"left", {kFriend}}, {"right", {kFriend, 2}}}));
  Record({2, 2, "", {}, 0, ""});

  const auto causes = hood_.Review(kFriend);
  ASSERT_EQ(causes.size(), 1u);
  EXPECT_THAT(std::get<NeighborLost>(causes[0]).neighbor.links,
              ElementsAre("left", "right"));
}

}  // namespace
}  // namespace taskgraph::core
