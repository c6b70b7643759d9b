// SPDX-License-Identifier: Apache-2.0
//
// RunSeed: one run from a seed alone: job, sizes, delays and weather are drawn
// from it; then the world heals, and must reach the job's known end.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/faults.h"
#include "sim/world.h"

namespace taskgraph::sim {

struct RunOptions {
  std::vector<FaultKind> kinds = AllFaultKinds();  // Only these.
  // Instead of drawing them.
  std::optional<std::vector<Fault>> plan;
  Trace::Level trace = Trace::Level::kStory;
  Trace::Reader reader;
  // For tests of the tests.
  NetworkSabotage sabotage;
  double lost_changes = 0;
  Falsify falsify;
  std::function<bool(const std::string&)> crashes;  // See WorldOptions.
};

struct RunReport {
  Seed seed = 0;
  std::optional<Violation> violation;
  std::uint64_t hash = 0;  // Of the trace.
  Time lasted{};           // Virtual.
  std::uint64_t checks = 0;
  std::uint64_t losses = 0;       // Incarnations that were lost.
  std::uint64_t promotions = 0;   // Backups that took over.
  std::uint64_t joins = 0;        // Backups that came to count.
  std::uint64_t frames_lost = 0;  // By broken connections.
  std::vector<Fault> faults;      // A plan that leads to the same run.
  std::string tail;               // The last lines of the trace.

  bool ok() const { return !violation; }
  // The rule, what broke it, and how to see it again.
  std::string Describe() const;
};

RunReport RunSeed(Seed seed, const RunOptions& options = {});

// Fewer faults that make `broken`, a report of a run with `options`, break the
// same rule. Takes at most `runs_max` runs.
RunReport ShrinkRun(const RunReport& broken, const RunOptions& options,
                    std::uint32_t runs_max);

}  // namespace taskgraph::sim
