// SPDX-License-Identifier: Apache-2.0
//
// Simulate and Replay: from seeds to a report.
#include "taskgraph/simulation.h"

#include <algorithm>
#include <utility>

#include "sim/seeds_file.h"
#include "simulation/checks.h"
#include "simulation/report.h"
#include "simulation/run.h"
#include "simulation/shrinker.h"

namespace taskgraph {
namespace {

using simulation::RunRequest;
using simulation::RunResult;
using Tasks = simulation::Shrinker::Tasks;

// The runs of one call of Simulate or Replay.
class Campaign {
 public:
  Campaign(const JobFactory& make, const SimulationOptions& options)
      : make_(make), options_(options) {}

  SimulationReport RunSeeds(TaskId tasks);
  SimulationReport RunPlan(const SimulationPlan& plan);

 private:
  // Whether it held.
  bool RunSeed(std::uint64_t seed, TaskId tasks);
  bool IsTwiceTheSame(const RunRequest& request, const RunResult& first);
  RunResult Make(const RunRequest& request);
  // Both say false: it did not hold.
  bool Fail(const RunRequest& request, const RunResult& broken);
  bool FailAsOther(const RunRequest& request, std::string how);
  void Shrink(const RunResult& broken);

  const JobFactory& make_;
  const SimulationOptions& options_;
  SimulationReport report_;
};

SimulationReport Campaign::RunSeeds(TaskId tasks) {
  simulation::CheckSeeds(options_);
  const sim::SeedsFile file(options_.seeds_file);
  std::vector<std::uint64_t> seeds;
  if (!options_.seeds_file.empty()) seeds = file.Read();
  for (std::uint64_t i = 0; i < options_.seeds; ++i) {
    seeds.push_back(options_.first_seed + i);
  }
  for (std::uint64_t seed : seeds) {
    if (RunSeed(seed, tasks)) continue;
    const SimulationFailure& failure = *report_.failure;
    if (!options_.seeds_file.empty()) {
      file.Add(seed, failure.rule + ": " + failure.what);
    }
    break;
  }
  return std::move(report_);
}

// Where faults are drawn, first without any: it must hold then, too, and they
// are to come while the job runs, however long it is.
bool Campaign::RunSeed(std::uint64_t seed, TaskId tasks) {
  RunRequest request{{.seed = seed, .tasks = tasks, .nodes = options_.nodes}};
  if (!options_.faults.empty()) {
    const RunResult calm = Make(request);
    if (calm.violation) return Fail(request, calm);
    request.draw = calm.lasted;
  }
  request.scripted = options_.script != nullptr;
  const RunResult result = Make(request);
  if (result.violation) return Fail(request, result);
  const std::uint64_t every = options_.check_determinism;
  const bool due = every > 0 && (seed - options_.first_seed) % every == 0;
  return !due || IsTwiceTheSame(request, result);
}

SimulationReport Campaign::RunPlan(const SimulationPlan& plan) {
  const RunRequest request{plan};
  const RunResult result = Make(request);
  if (result.violation) {
    Fail(request, result);
  } else if (options_.check_determinism > 0) {
    IsTwiceTheSame(request, result);
  }
  return std::move(report_);
}

bool Campaign::IsTwiceTheSame(const RunRequest& request,
                              const RunResult& first) {
  if (Make(request).hash == first.hash) return true;
  return FailAsOther(request, "the same seed was another run when run again");
}

RunResult Campaign::Make(const RunRequest& request) {
  RunResult result = Run(make_, options_, request);
  ++report_.runs;
  report_.simulated += result.lasted;
  for (const Fault& fault : result.plan.faults) ++report_.faults[fault.kind];
  return result;
}

bool Campaign::Fail(const RunRequest& request, const RunResult& broken) {
  RunRequest again = request;
  again.detail = sim::Trace::Level::kTurns;
  const RunResult told = Make(again);
  if (told.hash != broken.hash) {
    const sim::Violation& seen = *broken.violation;
    return FailAsOther(request, "the run broke '" + seen.rule + "' (" +
                                    seen.what + "), and was another one when " +
                                    "run again");
  }
  report_.failure = simulation::FailureOf(told);
  if (options_.shrink_runs_max > 0) Shrink(told);
  return false;
}

bool Campaign::FailAsOther(const RunRequest& request, std::string how) {
  RunRequest traced = request;
  traced.detail = sim::Trace::Level::kTurns;
  const RunResult one = Make(traced);
  report_.failure = simulation::NotDeterministic(one, Make(traced), how);
  return false;
}

void Campaign::Shrink(const RunResult& broken) {
  simulation::Shrinker shrinker(make_, options_, broken);
  const bool by_tasks = broken.plan.tasks > 0;
  const auto least =
      shrinker.Shrink(by_tasks ? Tasks::kMayChange : Tasks::kStay);
  report_.runs += shrinker.runs();
  if (!least || !least->violation) return;
  const SimulationPlan& was = broken.plan;
  const SimulationPlan& is = least->plan;
  if (is.faults.size() < was.faults.size() || is.nodes < was.nodes ||
      is.tasks < was.tasks) {
    report_.shrunk = simulation::FailureOf(*least);
  }
}

// The same job for every run, whatever its number of tasks.
JobFactory Always(const Job& job) {
  return [&job](TaskId) { return job; };
}

}  // namespace

SimulationReport Simulate(const Job& job, const SimulationOptions& options) {
  const JobFactory make = Always(job);
  return Campaign(make, options).RunSeeds(0);
}

SimulationReport Simulate(const JobFactory& make, TaskId tasks,
                          const SimulationOptions& options) {
  if (tasks == 0) throw UsageError("a job must have 1 task or more, not 0");
  return Campaign(make, options).RunSeeds(tasks);
}

SimulationReport Replay(const Job& job, const SimulationPlan& plan,
                        const SimulationOptions& options) {
  if (plan.tasks != 0 && plan.tasks != job.tasks()) {
    Job other = job;
    other.SetTasks(plan.tasks);
    return Replay(other, plan, options);
  }
  const JobFactory make = Always(job);
  return Campaign(make, options).RunPlan(plan);
}

SimulationReport Replay(const JobFactory& make, const SimulationPlan& plan,
                        const SimulationOptions& options) {
  if (plan.tasks == 0) {
    throw UsageError(
        "the plan's tasks is 0; say how many the factory is to make");
  }
  return Campaign(make, options).RunPlan(plan);
}

}  // namespace taskgraph
