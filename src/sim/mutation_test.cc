// SPDX-License-Identifier: Apache-2.0
//
// A checker that cannot fail is worth nothing: each test breaks one thing that
// the protocol builds on, and some seed must notice.
#include <gtest/gtest.h>

#include "sim/run.h"

namespace taskgraph::sim {
namespace {

constexpr Seed kSeedsMax = 60;

// The first violation that a broken world shows.
std::optional<Violation> FirstViolation(const RunOptions& broken) {
  for (Seed seed = 1; seed <= kSeedsMax; ++seed) {
    const RunReport report = RunSeed(seed, broken);
    if (!report.ok()) return report.violation;
  }
  return std::nullopt;
}

TEST(Mutation, AFrameThatIsLostInAWholePipeIsNoticed) {
  RunOptions broken;
  broken.sabotage.drop = 0.02;
  EXPECT_TRUE(FirstViolation(broken));
}

TEST(Mutation, AFrameThatOvertakesOthersIsNoticed) {
  RunOptions broken;
  broken.sabotage.reorder = 0.1;
  EXPECT_TRUE(FirstViolation(broken));
}

// The protocol recognizes repeats, so this one does no harm (FAULTS 24).
TEST(Mutation, AFrameThatComesTwiceDoesNoHarm) {
  RunOptions broken;
  broken.sabotage.duplicate = 0.1;
  const auto violation = FirstViolation(broken);
  EXPECT_FALSE(violation) << violation->rule << ": " << violation->what;
}

TEST(Mutation, AWatchThatLosesAChangeIsNoticed) {
  RunOptions broken;
  broken.lost_changes = 0.05;
  EXPECT_TRUE(FirstViolation(broken));
}

TEST(Mutation, AWireThatChangesTheTermIsNoticed) {
  RunOptions broken;
  broken.falsify = [](core::NodeMessage& message, Random& random) {
    auto* between_tasks = std::get_if<core::Message>(&message);
    if (between_tasks != nullptr && random.Chance(0.02)) {
      ++between_tasks->route.term;
    }
  };
  EXPECT_TRUE(FirstViolation(broken));
}

}  // namespace
}  // namespace taskgraph::sim
