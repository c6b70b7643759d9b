// SPDX-License-Identifier: Apache-2.0
#include "sim/run.h"

#include <utility>

#include "sim/shrink.h"
#include "sim/tasks.h"

namespace taskgraph::sim {
namespace {

using namespace std::chrono_literals;

// After the last harm: sessions run out, back-offs end, epochs go on.
constexpr Duration kFinishBound = 60s;
// Where all delays are long, an epoch takes that.
constexpr Duration kEpochBound = 2s;

Workload DrawWorkload(Random& random) {
  Workload load;
  load.kind =
      random.Chance(0.25) ? Workload::Kind::kTreeSum : Workload::Kind::kChatter;
  load.seed = random.Next();
  load.tasks = static_cast<TaskId>(1 + random.Below(8));
  load.epochs = 3 + random.Below(random.Chance(0.5) ? 20 : 200);
  if (random.Chance(0.6)) {
    load.backups = static_cast<std::uint32_t>(1 + random.Below(3));
  }
  return load;
}

WorldOptions DrawOptions(Random& random, const Workload& load) {
  WorldOptions options;
  options.nodes = static_cast<std::uint32_t>(1 + random.Below(6));
  // Sometimes just enough, so that a dead node's tasks must wait for it.
  const std::uint32_t replicas = load.tasks * (1 + load.backups);
  const auto least = (replicas + options.nodes - 1) / options.nodes;
  options.slots = static_cast<std::uint32_t>(least + random.Below(3));
  options.controllers = static_cast<std::uint32_t>(1 + random.Below(3));
  DrawDelays(random, options);
  return options;
}

// Small ones are met, large ones hardly ever.
void DrawLimits(Random& random, JobOptions& options) {
  if (random.Chance(0.3)) {
    options.limits.held_messages_max = 1 + random.Below(4);
    options.limits.held_bytes_max = 50 * options.limits.held_messages_max;
  }
  options.failure.max_failures = static_cast<std::uint32_t>(random.Below(5));
  if (random.Chance(0.2)) options.limits.backlog_bytes_max = random.Below(500);
  if (random.Chance(0.2)) {
    options.limits.log_bytes_max = 1000 + random.Below(20000);
  }
  if (random.Chance(0.5)) {
    options.backups.check_every =
        static_cast<std::uint32_t>(1 + random.Below(20));
  }
}

// The job's known end; or R23: a task failed more often than it may.
void CheckEnd(World& world, const Workload& load) {
  if (!world.end() || world.end()->status == ExpectedEnd(load)) return;
  const std::string& message = world.end()->status.message;
  const std::uint32_t max = world.stage().job.options().failure.max_failures;
  for (TaskId task = 0; task < load.tasks; ++task) {
    const core::Assignment& record = world.checker().records().of(task);
    const std::string start = "task " + std::to_string(task) + " failed ";
    // Backups may have failed, too, before a controller could end the job.
    if (message.starts_with(start) && record.failures > max &&
        message.ends_with(record.last_error)) {
      return;
    }
  }
  world.checker().Violate("result", "the job ended with \"" + message + "\"");
}

}  // namespace

std::string RunReport::Describe() const {
  if (!violation) return "seed " + std::to_string(seed) + ": ok";
  return "seed " + std::to_string(seed) + " breaks " + violation->rule +
         " at " + Stamp(violation->when) + " s: " + violation->what +
         "\nthe last lines of its trace:\n" + tail +
         "replay: build/dev/src/sim/simulate --seed " + std::to_string(seed) +
         " --trace";
}

RunReport RunSeed(Seed seed, const RunOptions& options) {
  Random random(Scatter(seed));  // Another strip than the world's own.
  const Workload load = DrawWorkload(random);
  WorldOptions world_options = DrawOptions(random, load);
  Climate climate = DrawClimate(random, options.kinds);
  world_options.trace = options.trace;
  world_options.reader = options.reader;
  world_options.sabotage = options.sabotage;
  world_options.coordinator.lost_changes = options.lost_changes;
  world_options.falsify = options.falsify;
  world_options.crashes = options.crashes;

  Accomplices accomplices;
  Job job = MakeJob(load, accomplices);
  DrawLimits(random, job.options());
  // Sometimes tasks may fail more often than they are allowed to.
  const bool over_budget = random.Chance(0.15);
  if (!over_budget) climate.throws_max = job.options().failure.max_failures;
  World world(seed, job, std::move(world_options));
  std::optional<Faults> faults;
  if (options.plan) {
    faults.emplace(world, *options.plan);
  } else {
    faults.emplace(world, random.Next(), climate);
  }
  accomplices.complain = [&](std::string what) {
    world.checker().Violate("result", std::move(what));
  };

  world.RunFor(climate.lasts);
  faults->Stop();
  world.HealAndFinish(kFinishBound +
                      static_cast<std::int64_t>(load.epochs) * kEpochBound);
  CheckEnd(world, load);
  return {seed,
          world.checker().violation(),
          world.trace().hash(),
          world.now(),
          world.checker().checks(),
          world.checker().records().losses(),
          world.checker().records().promotions(),
          world.checker().records().joins(),
          world.frames_lost(),
          faults->happened(),
          world.checker().violation() ? world.trace().Tail() : std::string()};
}

RunReport ShrinkRun(const RunReport& broken, const RunOptions& options,
                    std::uint32_t runs_max) {
  RunReport least = broken;
  const auto fails = [&](const std::vector<Fault>& plan) {
    RunOptions planned = options;
    planned.plan = plan;
    RunReport report = RunSeed(broken.seed, planned);
    const bool same =
        report.violation && report.violation->rule == broken.violation->rule;
    if (same) least = std::move(report);
    return same;
  };
  Shrink(broken.faults, fails, runs_max);
  return least;
}

}  // namespace taskgraph::sim
