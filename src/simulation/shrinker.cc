// SPDX-License-Identifier: Apache-2.0
#include "simulation/shrinker.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "sim/fault_kinds.h"
#include "sim/shrink.h"
#include "simulation/checks.h"

namespace taskgraph::simulation {
namespace {

using sim::Concerns;
using sim::Subject;

constexpr int kMoments = 15;

bool Exists(const Fault& fault, const SimulationPlan& plan) {
  switch (Concerns(fault.kind)) {
    case Subject::kNode:
      return fault.whom < plan.nodes;
    case Subject::kTwoNodes:
      return std::max(fault.whom, fault.other) < plan.nodes;
    case Subject::kTask:
      return plan.tasks == 0 || fault.whom < plan.tasks;
    default:
      return true;
  }
}

// Without the faults that hit what is not there.
SimulationPlan Possible(SimulationPlan plan) {
  std::erase_if(plan.faults,
                [&](const Fault& fault) { return !Exists(fault, plan); });
  return plan;
}

}  // namespace

std::optional<RunResult> Shrinker::Shrink(Tasks tasks) {
  if (!Try(best_)) return std::nullopt;
  for (bool smaller = true; smaller;) {
    FewerFaults();
    OneFault();
    smaller = tasks == Tasks::kMayChange && FewerTasks();
    smaller = FewerNodes() || smaller;
    smaller = AnotherVictim() || smaller;
  }
  RunRequest request{best_};
  request.detail = sim::Trace::Level::kTurns;
  ++runs_;
  return Run(make_, options_, request);
}

bool Shrinker::Try(SimulationPlan plan) {
  if (runs_left_ == 0) return false;
  --runs_left_;
  ++runs_;
  RunRequest request{Possible(std::move(plan))};
  try {
    RunResult result = Run(make_, options_, request);
    if (!result.violation || result.violation->rule != rule_) return false;
    best_ = std::move(result.plan);
    return true;
  } catch (const std::exception&) {
    return false;  // A job of this size can't be.
  }
}

bool Shrinker::TryEarlier(const SimulationPlan& plan) {
  if (Try(plan)) return true;
  if (plan.faults.size() != 1) return false;
  for (int moment = kMoments; moment > 0; --moment) {
    SimulationPlan earlier = plan;
    earlier.faults[0].at = plan.faults[0].at * moment / (kMoments + 1);
    if (Try(std::move(earlier))) return true;
  }
  return false;
}

// The last one is the likeliest to have done it.
bool Shrinker::OneFault() {
  if (best_.faults.size() < 2) return false;
  const std::vector<Fault> faults = best_.faults;
  return std::any_of(faults.rbegin(), faults.rend(), [&](const Fault& fault) {
    SimulationPlan plan = best_;
    plan.faults = {fault};
    return TryEarlier(plan);
  });
}

void Shrinker::FewerFaults() {
  const SimulationPlan whole = best_;
  const auto fails = [&](const std::vector<Fault>& faults) {
    SimulationPlan plan = whole;
    plan.faults = faults;
    return Try(std::move(plan));
  };
  sim::Shrink(whole.faults, fails, runs_left_);
}

// Upwards, since small runs are the fastest, and the ones wanted.
bool Shrinker::FewerTasks() {
  for (TaskId tasks = 1; tasks < best_.tasks; tasks += 1 + tasks / 4) {
    SimulationPlan plan = best_;
    plan.tasks = tasks;
    if (TryEarlier(plan)) return true;
  }
  return false;
}

bool Shrinker::FewerNodes() {
  for (std::uint32_t nodes = 1; nodes < best_.nodes; ++nodes) {
    SimulationPlan plan = best_;
    plan.nodes = nodes;
    if (TryEarlier(plan)) return true;
  }
  return false;
}

// A low number, so that those above it are no longer needed.
bool Shrinker::AnotherVictim() {
  if (best_.faults.size() != 1) return false;
  for (std::uint32_t whom = 0; whom < best_.faults[0].whom; ++whom) {
    SimulationPlan plan = best_;
    plan.faults[0].whom = whom;
    if (TryEarlier(plan)) return true;
  }
  return false;
}

}  // namespace taskgraph::simulation
