// SPDX-License-Identifier: Apache-2.0
#include "core/links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace taskgraph::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Links One(Topology topology, TaskId tasks) {
  return Links({{"friends", std::move(topology)}}, tasks);
}

TaskList Friends(const Links& links, TaskId task) {
  return (*links.Neighbors(task, 0))->at("friends");
}

std::string Complaint(const Links& links, TaskId task, Epoch epoch) {
  const auto neighbors = links.Neighbors(task, epoch);
  return neighbors.ok() ? "" : neighbors.error().message;
}

TEST(LinksTest, TheLibrarysTopologiesAreWhatTheirNamesSay) {
  EXPECT_THAT(Friends(One(TreeParents(2), 7), 6), ElementsAre(2));
  EXPECT_THAT(Friends(One(TreeParents(2), 7), 0), IsEmpty());
  EXPECT_THAT(Friends(One(TreeChildren(2), 6), 2), ElementsAre(5));
  EXPECT_THAT(Friends(One(FullMesh(), 3), 1), ElementsAre(0, 1, 2));
  EXPECT_THAT(Friends(One(Ring(), 3), 2), ElementsAre(0));
  EXPECT_THAT(Friends(One(Star(), 3), 0), ElementsAre(1, 2));
  EXPECT_THAT(Friends(One(Star(), 3), 2), ElementsAre(0));
  EXPECT_THAT(Friends(One(ToMaster(), 3), 0), ElementsAre(0));
}

TEST(LinksTest, AnUnknownNeighborIsNamedInTheError) {
  const Links links = One([](TaskId, Epoch) { return TaskList{9}; }, 3);

  EXPECT_EQ(Complaint(links, 1, 4),
            "the topology of link type 'friends' names task 9, but the job has "
            "tasks 0..2, for task 1 in epoch 4");
}

TEST(LinksTest, ARepeatedNeighborIsNamedInTheError) {
  const Links links = One([](TaskId, Epoch) { return TaskList{2, 2}; }, 3);

  EXPECT_THAT(Complaint(links, 1, 4), HasSubstr("names task 2 twice"));
}

TEST(LinksTest, AnExceptionOfATopologyIsAnError) {
  const Links links = One(
      [](TaskId, Epoch) -> TaskList { throw std::runtime_error("oops"); }, 3);

  EXPECT_THAT(Complaint(links, 1, 4), HasSubstr("threw 'oops'"));
  EXPECT_FALSE(links.HasLink(1, 2, 4));
}

TEST(LinksTest, ALinkOfAnyTypeCountsInItsDirectionOnly) {  // R13
  const Links links({{"next", Ring()}, {"master", ToMaster()}}, 4);

  EXPECT_TRUE(links.HasLink(1, 2, 0));
  EXPECT_TRUE(links.HasLink(2, 0, 0));
  EXPECT_FALSE(links.HasLink(2, 1, 0));
}

TEST(LinkIndexTest, EachTasksTopologyIsAskedOnceAnEpoch) {
  int asked = 0;
  const Links links = One(
      [&](TaskId, Epoch epoch) {
        ++asked;
        return TaskList{epoch == 1 ? 1u : 2u};
      },
      3);
  LinkIndex index(links);

  EXPECT_TRUE(index.HasLink(0, 1, 1));
  EXPECT_FALSE(index.HasLink(0, 2, 1));
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(index.HasLink(0, 2, 2));
  EXPECT_TRUE(index.HasLink(0, 1, 1));  // Who is behind is told right.
}

TEST(LinkIndexTest, WhoEntersAnEpochSparesItsNeighborsTheQuestion) {
  int asked = 0;
  const Links links = One(
      [&](TaskId, Epoch) {
        ++asked;
        return TaskList{2, 1};
      },
      3);
  LinkIndex index(links);

  EXPECT_THAT((*index.Neighbors(0, 1))->at("friends"), ElementsAre(2, 1));
  EXPECT_TRUE(index.HasLink(0, 1, 1));
  EXPECT_EQ(asked, 1);
}

TEST(LinkIndexTest, EqualNeighborsAreTheSameObject) {
  const Links links =
      One([](TaskId, Epoch epoch) { return TaskList{epoch < 3 ? 1u : 2u}; }, 3);
  LinkIndex index(links);
  const SharedLists first = *index.Neighbors(0, 1);

  EXPECT_EQ(*index.Neighbors(0, 2), first);
  EXPECT_THAT((*index.Neighbors(0, 3))->at("friends"), ElementsAre(2));
  EXPECT_TRUE(index.HasLink(0, 2, 3));
  EXPECT_FALSE(index.HasLink(0, 1, 3));
  EXPECT_EQ(**index.Neighbors(0, 1), *first);  // Who is behind is told right.
}

TEST(LinkIndexTest, AMistakeIsToldAndIsNoLink) {
  const Links links(
      {{"good", Ring()}, {"bad", [](TaskId, Epoch) { return TaskList{9}; }}},
      3);
  LinkIndex index(links);

  EXPECT_FALSE(index.HasLink(0, 1, 0));
  EXPECT_THAT(index.Neighbors(0, 0).error().message, HasSubstr("'bad'"));
}

TEST(LinksTest, FingerprintsTellTopologiesApart) {
  const std::string two = One(TreeChildren(2), 9).Fingerprint();

  EXPECT_EQ(One(TreeChildren(2), 9).Fingerprint(), two);
  EXPECT_NE(One(TreeChildren(3), 9).Fingerprint(), two);
  EXPECT_NE(One(TreeChildren(2), 8).Fingerprint(), two);
}

}  // namespace
}  // namespace taskgraph::core
