// SPDX-License-Identifier: Apache-2.0
#include "storm/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "storm/budget.h"

namespace taskgraph::storm {
namespace {

constexpr Seed kSeeds = 300;
constexpr Seed kMany = 2000;

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
  for (const Setting& setting :
       {Setting{App::kLedger, Store::kEmbedded, 0},
        Setting{App::kDigits, Store::kEtcd, 0},
        Setting{App::kRegression, Store::kEtcd3, 0},
        Setting{App::kLedger, Store::kEtcd, 3},
        Setting{App::kLedger, Store::kEtcd3, 3},
        Setting{App::kDigits, Store::kEtcd, 3, Security::kUser}}) {
    std::set<HarmKind> possible;
    for (const HarmTraits& traits : kHarms) {
      if (IsPossible(traits, setting)) possible.insert(traits.kind);
    }
    EXPECT_EQ(KindsOf(setting), possible);
  }
}

TEST(PlanTest, EveryJobCoordinatorAndPlaceIsDrawnAboutAsOftenAsOthers) {
  std::map<std::string, int> counts;
  for (Seed seed = 1; seed <= kMany; ++seed) {
    const Setting setting = DrawSetting(seed, {});
    const bool embedded = setting.store == Store::kEmbedded;
    ++counts[std::string(NameOf(setting.app)) + " " +
             std::string(NameOf(setting.store)) + " " +
             std::to_string(setting.hosts)];
    ++counts[(embedded ? "embedded " : "remote ") +
             std::string(NameOf(setting.security))];
  }

  // Three jobs, each embedded, on two kinds of etcd, and these spread or not;
  // certificates for two kinds of coordinators, and a user for one.
  EXPECT_EQ(counts.size(), 3u * 5u + 2u + 3u);
  for (const auto& [what, count] : counts) {
    EXPECT_GT(count, static_cast<int>(kMany) / 30) << what;
  }
}

TEST(PlanTest, OneStormInThreeIsOverTls) {
  int sealed = 0;
  for (Seed seed = 1; seed <= kMany; ++seed) {
    sealed += DrawSetting(seed, {}).security == Security::kPlain ? 0 : 1;
  }
  EXPECT_GT(sealed, static_cast<int>(kMany) * 28 / 100);
  EXPECT_LT(sealed, static_cast<int>(kMany) * 38 / 100);
}

TEST(PlanTest, WhatSomebodyChoseIsNotDrawn) {
  for (Seed seed = 1; seed <= kSeeds; ++seed) {
    const Setting setting =
        DrawSetting(seed, {App::kDigits, Store::kEtcd, 5, Security::kTls});
    EXPECT_EQ(setting.app, App::kDigits);
    EXPECT_EQ(setting.store, Store::kEtcd);
    EXPECT_EQ(setting.hosts, 5);
    EXPECT_EQ(setting.security, Security::kTls);
    EXPECT_EQ(DrawSetting(seed, {.may_have_hosts = false}).hosts, 0);
  }
}

// What the coordinator would hold: tasks in turn over the nodes, a backup on
// the next host.
Records Placed(const Plan& plan) {
  const Workload& work = plan.workload;
  const int hosts = std::max(1, plan.setting.hosts);
  const int nodes = hosts * work.nodes + work.spares;
  const auto name = [&](int number) {
    return "h" + std::to_string(number % hosts) + "-n" +
           std::to_string(number / hosts);
  };
  Records records;
  for (int task = 0; task < 8; ++task) {
    TaskRecord& record = records.tasks[task];
    record.primary = name(task % nodes);
    const bool has_backups = plan.setting.app == App::kLedger ||
                             (plan.setting.app == App::kDigits && task == 0);
    for (int i = 1; has_backups && i <= work.backups; ++i) {
      record.backups.push_back(name((task + i) % nodes));
    }
  }
  return records;
}

// Whom a harm would hit, as in harmer.cc: of nodes those that may be.
bool WouldBeDone(const Harm& harm, const Plan& plan, const Records& records,
                 Budget& budget) {
  const Damage damage = TraitsOf(harm.kind).damage;
  if (damage == Damage::kNone) return true;
  NodeSet nodes;
  for (const auto& [task, record] : records.tasks) nodes.insert(record.primary);
  Random random(harm.pick);
  if (TraitsOf(harm.kind).needs != Needs::kHosts) {
    return std::ranges::any_of(nodes, [&](const std::string& node) {
      return budget.Spend({node}, damage);
    });
  }
  const int host = random.Between(0, plan.setting.hosts - 1);
  NodeSet hit;
  for (const std::string& node : nodes) {
    const bool is_on_it = node.starts_with("h" + std::to_string(host) + "-");
    if (harm.kind == HarmKind::kPartition || is_on_it) hit.insert(node);
  }
  return budget.Spend(hit, damage);
}

TEST(PlanTest, EveryHarmIsDrawnOftenAndNotAlwaysWithheld) {
  struct Counts {
    int drawn = 0;
    int done = 0;
    int long_ones = 0;  // Near the longest.
  };
  std::map<HarmKind, Counts> counts;
  int launchers_killed = 0;
  for (Seed seed = 1; seed <= kMany; ++seed) {
    const Plan plan = DrawPlan(seed, DrawSetting(seed, {}), Length::kLong);
    launchers_killed += plan.kills_launcher ? 1 : 0;
    const Records records = Placed(plan);
    Budget budget(plan.setting.app);
    for (const Squall& squall : plan.squalls) {
      budget.Renew(records);
      for (const Harm& harm : squall.harms) {
        Counts& of_kind = counts[harm.kind];
        ++of_kind.drawn;
        of_kind.long_ones += harm.lasts_ms > TraitsOf(harm.kind).longest_ms / 2;
        of_kind.done += WouldBeDone(harm, plan, records, budget);
      }
    }
  }

  EXPECT_GT(launchers_killed, static_cast<int>(kMany) / 25);
  for (const HarmTraits& traits : kHarms) {
    const Counts& of_kind = counts[traits.kind];
    const std::string name(traits.name);
    EXPECT_GT(of_kind.drawn, static_cast<int>(kMany) / 10) << name;
    EXPECT_GT(of_kind.done, of_kind.drawn / 3) << name;
    EXPECT_TRUE(traits.longest_ms == 0 || of_kind.long_ones > 50) << name;
    RecordProperty(name + "_drawn", of_kind.drawn);
    RecordProperty(name + "_done", of_kind.done);
    RecordProperty(name + "_long", of_kind.long_ones);
  }
  RecordProperty("kill_launcher_drawn", launchers_killed);
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
