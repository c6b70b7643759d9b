// SPDX-License-Identifier: Apache-2.0
//
// Plan: everything about a storm that chance decides, drawn beforehand.
//
// Intuition: weather of its own for each seed. A seed draws which kinds of harm
// it has at all, and of these some squalls: a few harms that overlap, then
// calm, until the job has healed and moved on. Whom a harm hits can only be
// decided when it comes, since nodes come and go; what is drawn is a number
// that decides it then. So the same seed is the same plan, and nearly, but not
// to the millisecond, the same run.
//
// Pure.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "storm/harms.h"
#include "storm/setting.h"

namespace taskgraph::storm {

using Seed = std::uint64_t;

// Equal with every library, unlike the distributions of <random>.
class Random {
 public:
  explicit Random(Seed seed) : engine_(seed) {}

  std::uint64_t Next() { return engine_(); }
  // In first..last.
  int Between(int first, int last);
  bool Chance(int percent) { return Between(1, 100) <= percent; }
  // The logarithm is even: as many between 1 and 10 as between 10 and 100.
  int LogBetween(int first, int last);

 private:
  std::mt19937_64 engine_;
};

struct Harm {
  HarmKind kind = HarmKind::kKillNode;
  int after_ms = 0;  // Since the one before it.
  int lasts_ms = 0;
  std::uint64_t pick = 0;  // Decides who is hit, how hard.
};

struct Squall {
  std::vector<Harm> harms;
};

// The job itself: its size, and the keys of the application's that chance sets.
struct Workload {
  int nodes = 4;  // On each host, if there are hosts.
  int spares = 0;
  int controllers = 1;
  int backups = 1;  // Of the ledger's branches.
  std::uint64_t epochs = 0;
  std::vector<std::string> config;  // As "KEY=VALUE".
};

// How much there is of everything.
enum class Length { kShort, kLong };

struct Plan {
  Seed seed = 0;
  Setting setting;
  Workload workload;
  std::vector<Squall> squalls;
  bool kills_launcher = false;  // After the last squall.
};

// What nobody chose is drawn from the seed.
Setting DrawSetting(Seed seed, const Choices& choices);

Plan DrawPlan(Seed seed, const Setting& setting, Length length);

// For people, a squall on a line.
std::string Describe(const Plan& plan);

}  // namespace taskgraph::storm
