// SPDX-License-Identifier: Apache-2.0
//
// Tasks go where the most room is, over hosts first.
#include "core/placement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace taskgraph::core {
namespace {

NodeRecord Node(NodeId node, std::string host, std::uint32_t slots) {
  return {std::move(node), std::move(host), slots, 0, {}};
}

NodeRecord Reserve(NodeId node, std::string host, std::uint32_t slots) {
  return {std::move(node), std::move(host), slots, 1, {}};
}

// How many of `tasks` go to which node, or to which host.
struct Spread {
  std::map<std::string, int> on_node;
  std::map<std::string, int> on_host;

  static int Width(const std::map<std::string, int>& counts) {
    const auto less = [](const auto& a, const auto& b) {
      return a.second < b.second;
    };
    const auto [low, high] =
        std::minmax_element(counts.begin(), counts.end(), less);
    return high->second - low->second;
  }
};

Spread PlaceAll(const std::vector<NodeRecord>& nodes, int tasks) {
  Placement placement;
  std::map<NodeId, std::string> host_of;
  Spread spread;
  for (const NodeRecord& node : nodes) {
    placement.Add(node, 0);
    host_of[node.node] = node.host;
    spread.on_node[node.node] = spread.on_host[node.host] = 0;
  }
  for (int i = 0; i < tasks; ++i) {
    const auto node = placement.Place("");
    if (!node) break;
    ++spread.on_node[*node];
    ++spread.on_host[host_of[*node]];
  }
  return spread;
}

TEST(PlacementTest, HostsFillEvenlyBeforeNodesDo) {
  const std::vector<NodeRecord> nodes = {Node("a1", "a", 4), Node("a2", "a", 4),
                                         Node("b1", "b", 4),
                                         Node("b2", "b", 4)};

  const Spread spread = PlaceAll(nodes, 6);

  EXPECT_EQ(spread.on_host.at("a"), 3);
  EXPECT_EQ(spread.on_host.at("b"), 3);
}

TEST(PlacementTest, TasksAreInProportionToSlots) {
  const Spread spread =
      PlaceAll({Node("big", "a", 8), Node("small", "b", 2)}, 5);

  EXPECT_EQ(spread.on_node.at("big"), 4);
  EXPECT_EQ(spread.on_node.at("small"), 1);
}

TEST(PlacementTest, NobodyGetsMoreThanItsSlots) {
  Placement placement;
  placement.Add(Node("a", "h", 2), 1);
  placement.Add(Node("b", "h", 1), 3);  // Its record was changed under it.

  EXPECT_EQ(placement.free_slots(), 1u);
  EXPECT_EQ(placement.Place(""), "a");
  EXPECT_EQ(placement.free_slots(), 0u);
  EXPECT_EQ(placement.Place(""), std::nullopt);
}

TEST(PlacementTest, ReserveIsTouchedOnlyWhenTheOthersAreFull) {
  Placement placement;
  placement.Add(Reserve("reserve", "b", 8), 0);
  placement.Add(Node("plain", "a", 1), 0);

  EXPECT_EQ(placement.Place(""), "plain");
  EXPECT_EQ(placement.Place(""), "reserve");
}

TEST(PlacementTest, EmptyReserveDoesNotDrawTasksToItsHost) {
  Placement placement;
  placement.Add(Reserve("a-reserve", "a", 8), 0);
  placement.Add(Node("a", "a", 4), 1);
  placement.Add(Node("b", "b", 4), 0);

  EXPECT_EQ(placement.Place(""), "b");
}

TEST(PlacementTest, ATaskGoesBackToTheNodeItLeftOnlyWhereThereIsNoOther) {
  Placement placement;
  placement.Add(Node("left", "a", 2), 0);
  placement.Add(Reserve("other", "b", 1), 0);

  EXPECT_EQ(placement.Place("left"), "other");
  EXPECT_EQ(placement.Place("left"), "left");
}

TEST(PlacementTest, EqualNodesAreTakenInTheOrderOfTheirNames) {
  Placement placement;
  placement.Add(Node("b", "h", 2), 0);
  placement.Add(Node("a", "h", 2), 0);

  EXPECT_EQ(placement.Place(""), "a");
  EXPECT_EQ(placement.Place(""), "b");
}

TEST(PlacementTest, EqualNodesNeverDifferByMoreThanOneTask) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 300; ++round) {
    const int hosts = 1 + static_cast<int>(random() % 5);
    const int nodes_per_host = 1 + static_cast<int>(random() % 4);
    const auto slots = static_cast<std::uint32_t>(1 + random() % 6);
    std::vector<NodeRecord> nodes;
    for (int i = 0; i < hosts * nodes_per_host; ++i) {
      nodes.push_back(Node("n" + std::to_string(i),
                           "h" + std::to_string(i % hosts), slots));
    }
    const int room = static_cast<int>(nodes.size() * slots);
    const int tasks = static_cast<int>(random() % (room + 2));

    const Spread spread = PlaceAll(nodes, tasks);

    EXPECT_LE(Spread::Width(spread.on_node), 1) << "round " << round;
    EXPECT_LE(Spread::Width(spread.on_host), 1) << "round " << round;
  }
}

}  // namespace
}  // namespace taskgraph::core
