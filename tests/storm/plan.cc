// SPDX-License-Identifier: Apache-2.0
#include "storm/plan.h"

#include <algorithm>
#include <cmath>

namespace taskgraph::storm {
namespace {

constexpr int kHosts = 3;             // If chance decides that there are some.
constexpr int kShortOutageMs = 3000;  // Of etcd, in a short storm.

std::string Pair(const char* key, int value) {
  return std::string(key) + "=" + std::to_string(value);
}

Workload DrawWorkload(const Setting& setting, Length length, Random& random) {
  Workload work;
  const bool is_long = length == Length::kLong;
  switch (setting.app) {
    case App::kLedger:
      work.epochs = is_long ? 6000 : 1500;
      work.backups = random.Between(1, 2);
      work.config.push_back(Pair("seed", random.Between(1, 1000)));
      break;
    case App::kDigits:
      work.epochs = is_long ? 6000 : 1500;
      break;
    case App::kRegression:
      work.epochs = is_long ? 8000 : 2000;
      work.config.push_back(Pair("seed", random.Between(1, 1000)));
      if (random.Chance(50)) work.config.emplace_back("root_fails=yes");
      if (random.Chance(30)) {
        work.config.emplace_back("worker_fail_percent=1");
      }
      break;
  }
  if (setting.hosts > 0) {
    work.nodes = random.Between(1, 2);
    work.controllers = random.Between(2, 3);
  } else {
    work.nodes = random.Between(3, 6);
    work.spares = random.Between(0, 2);
  }
  // Each copy is on a node of its own.
  const int places = std::max(1, setting.hosts) * work.nodes + work.spares;
  work.backups = std::min(work.backups, places - 1);
  return work;
}

// Some kinds of those that are possible, but at least one: each seed has its
// own mix.
std::vector<HarmKind> DrawKinds(const Setting& setting, Random& random) {
  std::vector<HarmKind> possible, drawn;
  for (const HarmTraits& traits : kHarms) {
    if (IsPossible(traits, setting)) possible.push_back(traits.kind);
  }
  const int percent = random.Between(20, 80);
  for (const HarmKind kind : possible) {
    if (random.Chance(percent)) drawn.push_back(kind);
  }
  if (drawn.empty()) {
    drawn.push_back(possible[random.Next() % possible.size()]);
  }
  return drawn;
}

Harm DrawHarm(const std::vector<HarmKind>& kinds, Length length,
              Random& random) {
  Harm harm;
  harm.kind = kinds[random.Next() % kinds.size()];
  harm.after_ms = random.LogBetween(1, 1500);
  const HarmTraits& traits = TraitsOf(harm.kind);
  int longest = traits.longest_ms;
  if (harm.kind == HarmKind::kOutage && length == Length::kShort) {
    longest = kShortOutageMs;
  }
  if (longest > 0)
    harm.lasts_ms = random.LogBetween(traits.shortest_ms, longest);
  harm.pick = random.Next();
  return harm;
}

}  // namespace

int Random::Between(int first, int last) {
  const auto count = static_cast<std::uint64_t>(last - first) + 1;
  return first + static_cast<int>(engine_() % count);
}

int Random::LogBetween(int first, int last) {
  constexpr double kParts = 1 << 20;
  const double part = static_cast<double>(engine_() % (1 << 20)) / kParts;
  return static_cast<int>(first * std::pow(double(last) / first, part));
}

Setting DrawSetting(Seed seed, const Choices& choices) {
  constexpr Seed kMix = 2654435761;  // Other numbers than the plan's.
  Random random(seed * kMix + 1);
  Setting setting;
  setting.app = static_cast<App>(random.Next() % kAppNames.size());
  setting.store = static_cast<Store>(random.Next() % kStoreNames.size());
  const bool spread = random.Chance(50);
  const bool sealed = random.Chance(33);
  const bool as_user = random.Chance(50);
  setting.app = choices.app.value_or(setting.app);
  setting.store = choices.store.value_or(setting.store);
  if (choices.hosts.value_or(0) > 0 && setting.store == Store::kEmbedded) {
    setting.store = Store::kEtcd;
  }
  const bool embedded = setting.store == Store::kEmbedded;
  if (sealed) {
    setting.security = as_user && !embedded ? Security::kUser : Security::kTls;
  }
  setting.security = choices.security.value_or(setting.security);
  if (embedded || !choices.may_have_hosts) return setting;
  setting.hosts = choices.hosts.value_or(spread ? kHosts : 0);
  return setting;
}

Plan DrawPlan(Seed seed, const Setting& setting, Length length) {
  Random random(seed);
  Plan plan;
  plan.seed = seed;
  plan.setting = setting;
  plan.workload = DrawWorkload(setting, length, random);
  const auto kinds = DrawKinds(setting, random);
  const bool is_long = length == Length::kLong;
  plan.squalls.resize(is_long ? random.Between(3, 8) : 2);
  for (Squall& squall : plan.squalls) {
    squall.harms.resize(random.Between(1, is_long ? 6 : 3));
    for (Harm& harm : squall.harms) harm = DrawHarm(kinds, length, random);
  }
  plan.kills_launcher = is_long && setting.hosts == 0 && random.Chance(10);
  return plan;
}

std::string Describe(const Plan& plan) {
  const Setting& setting = plan.setting;
  std::string text = "seed " + std::to_string(plan.seed) + ": " +
                     std::string(NameOf(setting.app)) + ", " +
                     std::string(NameOf(setting.store)) + ", " +
                     std::to_string(setting.hosts) + " hosts, " +
                     std::string(NameOf(setting.security)) + "\n";
  for (const Squall& squall : plan.squalls) {
    for (const Harm& harm : squall.harms) {
      text += "  " + std::string(TraitsOf(harm.kind).name);
      if (harm.lasts_ms > 0) text += " " + std::to_string(harm.lasts_ms);
    }
    text += "\n";
  }
  return plan.kills_launcher ? text + "  " + kKillLauncher + "\n" : text;
}

}  // namespace taskgraph::storm
