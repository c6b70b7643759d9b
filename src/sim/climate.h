// SPDX-License-Identifier: Apache-2.0
//
// Climate: which faults a run has, and how often.
//
// Intuition: weather. Each seed has a climate of its own: some kinds of fault
// never happen in it, some every few moments (swarm testing, Groce et al.,
// ISSTA 2012: runs with few kinds of fault at high rates find more than runs
// with a little of everything).
//
// Pure.
#pragma once

#include <limits>
#include <map>
#include <vector>

#include "sim/fault_kinds.h"
#include "sim/random.h"
#include "sim/world.h"

namespace taskgraph::sim {

// A kind that is in neither map does not happen.
struct Climate {
  std::map<FaultKind, Duration> mean_gap;  // Of those that come at a moment.
  std::map<FaultKind, double> share;       // Of the occasions of the others.
  Duration lasts{};                        // Afterwards all is well.
  // How often a task is made to throw.
  std::uint32_t throws_max = std::numeric_limits<std::uint32_t>::max();
};

// How long the runs are that faults are drawn for: the shorter, the denser.
inline constexpr Duration kUsualLength = std::chrono::seconds(8);

// Some of `kinds`, at least one, or all if they are three or fewer; for a job
// that takes about `length`.
Climate DrawClimate(Random& random, const std::vector<FaultKind>& kinds,
                    Duration length = kUsualLength);

// How long messages, calls and callbacks take, and who overtakes whom: without
// any fault, but not the same in each seed.
void DrawDelays(Random& random, WorldOptions& options);

}  // namespace taskgraph::sim
