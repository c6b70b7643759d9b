// SPDX-License-Identifier: Apache-2.0
//
// Run: one run of a user's job, whose faults are drawn from its seed, or as
// planned; and what came of it.
//
// Pure, but for the user's code.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/trace.h"
#include "sim/verdict.h"
#include "taskgraph/simulation.h"

namespace taskgraph::simulation {

inline constexpr std::uint32_t kControllers = 2;

struct RunRequest {
  SimulationPlan plan;
  // Draws faults for a job of that length, instead of taking the plan's.
  std::optional<Duration> draw = {};
  // Whether the user's script runs; its faults are in the plan of its run.
  bool scripted = false;
  sim::Trace::Level detail = sim::Trace::Level::kStory;
};

// A line of the trace, and the number of all that happened before it.
struct Line {
  std::string text;
  std::uint64_t hash = 0;
};

struct RunResult {
  SimulationPlan plan;  // With the faults that happened.
  std::optional<sim::Violation> violation;
  std::uint64_t hash = 0;
  Duration lasted{};
  std::vector<Line> lines;  // Only with detail.
};

RunResult Run(const JobFactory& make, const SimulationOptions& options,
              const RunRequest& request);

}  // namespace taskgraph::simulation
