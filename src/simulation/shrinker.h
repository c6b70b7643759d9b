// SPDX-License-Identifier: Apache-2.0
//
// Shrinker: the smallest run that it can find of those that break the same rule
// as a given one.
//
// Fewer faults (sim/shrink.h), then fewer tasks, then fewer nodes, each of
// which may make more of the others superfluous: so again, until nothing helps.
#pragma once

#include <optional>

#include "simulation/run.h"

namespace taskgraph::simulation {

class Shrinker {
 public:
  // `make` and `options` must outlive it.
  Shrinker(const JobFactory& make, const SimulationOptions& options,
           const RunResult& broken)
      : make_(make),
        options_(options),
        rule_(broken.violation->rule),
        best_(broken.plan),
        runs_left_(options.shrink_runs_max) {}

  // `tasks_may_change`: other numbers of tasks are of use, too.
  enum class Tasks : bool { kStay, kMayChange };
  // The smallest run found, with its lines; none: the plan does not fail
  // again as the first run did, so that nothing can be concluded from it.
  std::optional<RunResult> Shrink(Tasks tasks);

  std::uint64_t runs() const { return runs_; }

 private:
  // Tries `plan`, and keeps it if it fails as well.
  bool Try(SimulationPlan plan);
  // A single fault is tried at earlier moments, too: what was left out may have
  // been no more than a delay.
  bool TryEarlier(const SimulationPlan& plan);
  void FewerFaults();
  bool OneFault();
  bool FewerTasks();
  bool FewerNodes();
  bool AnotherVictim();

  const JobFactory& make_;
  const SimulationOptions& options_;
  const std::string rule_;
  SimulationPlan best_;
  std::uint32_t runs_left_;
  std::uint64_t runs_ = 0;
};

}  // namespace taskgraph::simulation
