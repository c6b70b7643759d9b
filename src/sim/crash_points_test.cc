// SPDX-License-Identifier: Apache-2.0
//
// Death at each point of the protocol. The points are enumerated from the
// vocabulary (crash_point.h): a fact or order that is added brings its own.
// Here is the list of those that no process can pass; at each of the others
// processes die, several times, and every rule holds.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "sim/crash_point.h"
#include "sim/run.h"

namespace taskgraph::sim {
namespace {

using Point = std::string;

constexpr int kParts = 8;        // Of the points, each a test.
constexpr Seed kSeedsMax = 500;  // To find a point in.
#ifdef TASKGRAPH_SANITIZED
constexpr int kDeaths = 1;
#else
constexpr int kDeaths = 2;
#endif

// What only the others do; a '*' is any end.
constexpr std::array<std::string_view, 17> kNotOfControllers = {
    "* DropTask", "* EpochDecided", "* FollowEpoch", "* LeaveJob",
    "* ProposeEpoch", "* RunTurn *", "* SendMessage *", "* StopTurn",
    "* TurnFinished", "* MessageArrived Answer", "* MessageArrived Invitation",
    "* MessageArrived Log*", "* MessageArrived Meta*",
    "* MessageArrived Re*",  // A refusal, a request, "replica gone".
    "* MessageArrived SnapshotOrder",
    // The simulator has no SIGTERM for controllers; real processes have.
    "* StopRequested", "writes node"};
constexpr std::array<std::string_view, 13> kNotOfNodes = {
    "* EndSession",
    "* RemoveJob",
    "* ElectionWon",
    "* ElectionLost",
    "* MessageArrived Suspicion",
    "* ProcessExited",
    "* StopRequested",
    "writes controller",
    "writes no controller",
    "writes spec",
    "writes no spec",
    "writes no assignment",
    "writes no clock"};

// Of "verb name": the verb may be "*", and the name end with it.
bool Fits(std::string_view point, std::string_view pattern) {
  if (pattern.starts_with("* ")) {
    pattern.remove_prefix(2);
    point.remove_prefix(point.find(' ') + 1);
  }
  return pattern.ends_with('*')
             ? point.starts_with(pattern.substr(0, pattern.size() - 1))
             : point == pattern;
}

bool IsPossible(std::string_view who, const Point& point) {
  const auto fits = [&](std::string_view pattern) {
    return Fits(point, pattern);
  };
  // The status is left to its lease.
  if (point == Writes("no status")) return false;
  return who == "node"
             ? std::none_of(kNotOfNodes.begin(), kNotOfNodes.end(), fits)
             : std::none_of(kNotOfControllers.begin(), kNotOfControllers.end(),
                            fits);
}

std::vector<Point> PossiblePoints() {
  std::vector<Point> all;
  for (const std::string& fact : AllFacts()) {
    all.push_back(Hears(fact));
    all.push_back(Knows(fact));
  }
  for (const std::string& order : AllOrders()) all.push_back(Does(order));
  for (const std::string& key : AllKeys()) all.push_back(Writes(key));
  std::vector<Point> possible;
  for (const std::string who : {"node", "controller"}) {
    for (const Point& point : all) {
      if (IsPossible(who, point)) possible.push_back(who + " " + point);
    }
  }
  return possible;
}

// A run in which a process dies at its n-th passage of `point`, besides all
// that the seed draws; whether one did.
bool DiesAt(const Point& point, std::uint64_t passage, Seed seed) {
  RunOptions options;
  // Only a task that fails too often makes a controller end the job.
  if (point == "controller does ProposeEnd") {
    options.kinds = {FaultKind::kThrow};
  }
  std::uint64_t passed = 0;
  options.crashes = [&](const Point& at) {
    return at == point && ++passed == passage;
  };
  const RunReport report = RunSeed(seed, options);
  EXPECT_TRUE(report.ok()) << "death where the " << point << ", at passage "
                           << passage << ": " << report.Describe();
  return passed >= passage;
}

class CrashPoints : public testing::TestWithParam<int> {};

TEST_P(CrashPoints, EachIsADeathThatBreaksNoRule) {
  const std::vector<Point> points = PossiblePoints();
  for (std::size_t i = static_cast<std::size_t>(GetParam()); i < points.size();
       i += kParts) {
    Random random(Scatter(i));
    int deaths = 0;
    for (Seed seed = 1; seed <= kSeedsMax && deaths < kDeaths; ++seed) {
      // Early and late ones; what is done once in a run is passed once.
      const std::uint64_t passage =
          seed % 2 == 0 ? 1 : 1 + random.Below(1U << random.Below(8));
      if (DiesAt(points[i], passage, seed)) ++deaths;
      if (HasFailure()) return;  // One is enough to think about.
    }
    EXPECT_EQ(deaths, kDeaths) << "nobody passes where a " << points[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Part, CrashPoints, testing::Range(0, kParts));

TEST(CrashPoint, NobodyPassesWhereNobodyCan) {
  const std::vector<Point> possible = PossiblePoints();
  for (Seed seed = 1; seed <= 40; ++seed) {
    RunOptions options;
    options.crashes = [&](const Point& at) {
      if (std::find(possible.begin(), possible.end(), at) == possible.end()) {
        ADD_FAILURE() << "seed " << seed << ": " << at;
      }
      return false;
    };
    EXPECT_TRUE(RunSeed(seed, options).ok());
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace taskgraph::sim
