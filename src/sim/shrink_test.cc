// SPDX-License-Identifier: Apache-2.0
#include "sim/shrink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace taskgraph::sim {
namespace {

constexpr std::uint32_t kPlenty = 10'000;

// Faults that differ in whom they hit.
std::vector<Fault> Many(std::uint32_t count) {
  std::vector<Fault> faults;
  for (std::uint32_t i = 0; i < count; ++i) {
    faults.push_back({std::chrono::milliseconds(i), FaultKind::kKillNode, i});
  }
  return faults;
}

// Whether all of `needed` are hit.
Fails FailsWith(std::vector<std::uint32_t> needed) {
  return [needed = std::move(needed)](const std::vector<Fault>& faults) {
    return std::ranges::all_of(needed, [&](std::uint32_t whom) {
      return std::ranges::count(faults, whom, &Fault::whom) > 0;
    });
  };
}

std::vector<std::uint32_t> Hit(const std::vector<Fault>& faults) {
  std::vector<std::uint32_t> hit;
  for (const Fault& fault : faults) hit.push_back(fault.whom);
  return hit;
}

TEST(ShrinkTest, WhatIsNeededRemainsInItsOrderAndNothingElse) {
  const std::vector<std::vector<std::uint32_t>> all = {
      {}, {0}, {99}, {41}, {3, 4}, {0, 50, 99}, {7, 8, 9, 60, 61, 98}};
  for (const auto& needed : all) {
    EXPECT_EQ(Hit(Shrink(Many(100), FailsWith(needed), kPlenty)), needed);
  }
}

TEST(ShrinkTest, EachOneIsTriedAlone) {
  const std::vector<std::uint32_t> all = {0, 1, 2};
  EXPECT_EQ(Hit(Shrink(Many(3), FailsWith(all), kPlenty)), all);
  EXPECT_EQ(Hit(Shrink(Many(1), FailsWith({0}), kPlenty)),
            (std::vector<std::uint32_t>{0}));
  EXPECT_TRUE(Shrink({}, FailsWith({}), kPlenty).empty());
}

TEST(ShrinkTest, ItTakesNoMoreRunsThanItMay) {
  for (std::uint32_t runs_max : {0U, 1U, 5U, 20U}) {
    std::uint32_t runs = 0;
    const Fails fails = [&](const std::vector<Fault>& faults) {
      ++runs;
      return FailsWith({5, 77})(faults);
    };
    const auto least = Shrink(Many(100), fails, runs_max);
    EXPECT_LE(runs, runs_max);
    EXPECT_TRUE(FailsWith({5, 77})(least));
  }
}

// A run that fails by chance as well must not confuse it.
TEST(ShrinkTest, APredicateThatIsNotMonotonousStillGivesPlansThatFail) {
  const Fails odd = [](const std::vector<Fault>& faults) {
    return faults.size() % 2 == 1;
  };
  EXPECT_EQ(Shrink(Many(31), odd, kPlenty).size(), 1U);
}

}  // namespace
}  // namespace taskgraph::sim
