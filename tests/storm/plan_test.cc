// SPDX-License-Identifier: Apache-2.0
#include "storm/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace taskgraph::storm {
namespace {

constexpr Seed kSeeds = 300;

std::set<HarmKind> KindsOf(const Setting& setting) {
  std::set<HarmKind> kinds;
  for (Seed seed = 1; seed <= kSeeds; ++seed) {
    const Plan plan = DrawPlan(seed, setting, Length::kLong);
    for (const Squall& squall : plan.squalls) {
      for (const Harm& harm : squall.harms) kinds.insert(harm.kind);
    }
  }
  return kinds;
}

TEST(PlanTest, TheTableIsInTheOrderOfItsKinds) {
  for (const HarmTraits& traits : kHarms) {
    EXPECT_EQ(&TraitsOf(traits.kind), &traits) << traits.name;
  }
}

TEST(PlanTest, EverySeedDrawsWhatIsPossibleAndAllOfItIsDrawnBySome) {
  for (const Setting& setting : {Setting{App::kLedger, Store::kEmbedded, 0},
                                 Setting{App::kDigits, Store::kEtcd, 0},
                                 Setting{App::kRegression, Store::kEtcd3, 0},
                                 Setting{App::kLedger, Store::kEtcd, 3},
                                 Setting{App::kLedger, Store::kEtcd3, 3}}) {
    std::set<HarmKind> possible;
    for (const HarmTraits& traits : kHarms) {
      if (IsPossible(traits, setting)) possible.insert(traits.kind);
    }
    EXPECT_EQ(KindsOf(setting), possible);
  }
}

TEST(PlanTest, ASeedIsAlwaysTheSamePlanAndAnotherIsAnother) {
  const auto picks = [](Seed seed) {
    std::vector<std::uint64_t> all;
    for (const Squall& squall :
         DrawPlan(seed, Setting{}, Length::kLong).squalls) {
      for (const Harm& harm : squall.harms) all.push_back(harm.pick);
    }
    return all;
  };

  EXPECT_EQ(picks(7), picks(7));
  EXPECT_NE(picks(7), picks(8));
}

TEST(PlanTest, AHarmLastsAsLongAsItsKindMay) {
  const Setting setting{App::kLedger, Store::kEtcd3, 3};
  for (Seed seed = 1; seed <= kSeeds; ++seed) {
    for (const Squall& squall :
         DrawPlan(seed, setting, Length::kLong).squalls) {
      for (const Harm& harm : squall.harms) {
        EXPECT_GE(harm.lasts_ms, TraitsOf(harm.kind).shortest_ms);
        EXPECT_LE(harm.lasts_ms, TraitsOf(harm.kind).longest_ms);
      }
    }
  }
}

}  // namespace
}  // namespace taskgraph::storm
