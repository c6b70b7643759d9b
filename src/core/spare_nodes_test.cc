// SPDX-License-Identifier: Apache-2.0
#include "core/spare_nodes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace taskgraph::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

using Map = std::map<int, std::string>;
using Set = std::set<int>;

TEST(SpareNodesTest, MemoryIsUsedAgainAndHoldsNothingOfBefore) {
  SpareNodes<Map> spare;
  Map map;
  const auto first = spare.Insert(map, map.end(), 1);
  first->second = "one";
  const std::string* const place = &first->second;

  spare.Erase(map, first);
  const auto again = spare.Insert(map, map.end(), 2);

  EXPECT_EQ(&again->second, place);
  EXPECT_THAT(map, ElementsAre(Pair(2, "")));
}

TEST(SpareNodesTest, ErasingTellsWhatIsNextOrWhetherItWasThere) {
  SpareNodes<Set> spare;
  Set set{1, 2, 3};

  EXPECT_EQ(*spare.Erase(set, set.find(2)), 3);
  EXPECT_TRUE(spare.Erase(set, 3));
  EXPECT_FALSE(spare.Erase(set, 3));
  EXPECT_THAT(set, ElementsAre(1));
}

TEST(SpareNodesTest, WhatIsThereStays) {
  SpareNodes<Map> spare;
  Map map{{1, "one"}, {2, "two"}};
  spare.Erase(map, 2);

  EXPECT_EQ(spare.Insert(map, map.end(), 1)->second, "one");
  EXPECT_THAT(map, ElementsAre(Pair(1, "one")));
}

TEST(SpareNodesTest, MoreThanAFewAreNotKept) {
  SpareNodes<Set> spare;
  Set set;
  for (int i = 0; i < 100; ++i) set.insert(i);

  spare.Clear(set);
  EXPECT_THAT(set, IsEmpty());
  for (int i = 0; i < 100; ++i) spare.Insert(set, set.end(), i);
  EXPECT_EQ(set.size(), 100u);
  EXPECT_EQ(*spare.Erase(set, set.find(98)), 99);
}

}  // namespace
}  // namespace taskgraph::core
