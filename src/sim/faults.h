// SPDX-License-Identifier: Apache-2.0
//
// Faults: what goes wrong in a world, how often, and for how long.
//
// Intuition: weather. Each seed has a climate of its own: some kinds of harm
// never happen in it, some every few moments (swarm testing, Groce et al.,
// ISSTA 2012: runs with few kinds of harm at high rates find more than runs
// with a little of everything).
//
// Not thread-safe; owned by who runs the world.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/random.h"
#include "sim/tasks.h"
#include "sim/world.h"

namespace taskgraph::sim {

enum class Harm : std::uint8_t {
  kKillNode,
  kKillMany,   // About half of the nodes, and of the controllers, at once.
  kDrainNode,  // SIGTERM: it leaves the job by itself.
  kStopNode,
  kCutNodes,  // Both ways.
  kCutOneWay,
  kBreakPipe,
  kCutFromCoordinator,
  kCloseCoordinator,
  kRevokeSession,
  kCompact,
  kKillController,
  kStopController,
  kCutController,
  // These have shares instead of times between them.
  kLoseCalls,
  kLateWatches,
  kRelist,
  kThrow,
  kRetire,
  kLongTurns,
  kBadCopies,  // Snapshots and restorations that throw.
};
inline constexpr int kHarms = 21;

// "kill", "stop", ...: for command lines and traces.
std::string_view Name(Harm harm);

// How often; a harm that is not in it does not happen.
struct Climate {
  std::map<Harm, Duration> mean_gap;  // Of those that happen at times.
  std::map<Harm, double> share;       // Of the others.
  Duration lasts = std::chrono::seconds(8);
};

// The climate of a seed; only kinds named in `kinds` (empty: any).
Climate DrawClimate(Random& random, const std::vector<Harm>& kinds);

// Writes those parts of the climate that are shares into the options.
void ApplyShares(const Climate& climate, WorldOptions& options);

class Faults {
 public:
  // Begins at once. `world` must outlive it, and it must outlive the world's
  // events.
  Faults(World& world, Climate climate);

  // No more harm from now on.
  void Stop() { stopped_ = true; }

  // What tasks do that fail on purpose: at most `failures_max` times each.
  void Mischief(Turn& turn, std::uint32_t failures_max);
  // For a copy of a task's state that is made, or taken.
  void SpoilCopy();

 private:
  void Next(Harm harm);
  void Do(Harm harm);
  void KillMany();
  Duration Gap(Duration mean);
  Duration Span();
  std::uint32_t AnyNode();
  std::uint32_t AnyController();
  double ShareOf(Harm harm) const;

  World& world_;
  Climate climate_;
  bool stopped_ = false;
  std::map<TaskId, std::uint32_t> failures_;
};

}  // namespace taskgraph::sim
