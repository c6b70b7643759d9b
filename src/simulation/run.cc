// SPDX-License-Identifier: Apache-2.0
#include "simulation/run.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "runtime/duration_text.h"
#include "simulation/checks.h"
#include "simulation/scene.h"

namespace taskgraph::simulation {
namespace {

using namespace std::chrono_literals;

// Of a plan that does not say it: for restarts, sessions and back-offs.
constexpr Duration kAfterTheLastFault = 10s;

Duration HealsAt(const SimulationPlan& plan) {
  if (plan.heals_at > Duration{} || plan.faults.empty()) return plan.heals_at;
  Duration last{};
  for (const Fault& fault : plan.faults) {
    last = std::max(last, fault.at + fault.lasts);
  }
  return last + kAfterTheLastFault;
}

// One run under way.
class Running {
 public:
  Running(Job job, const SimulationOptions& options, RunRequest request)
      : options_(options),
        request_(std::move(request)),
        job_(std::move(job)),
        dice_(sim::Scatter(request_.plan.seed)),  // Not the world's.
        world_(request_.plan.seed, job_, Draw()) {
    if (request_.draw) {
      sim::Climate climate =
          sim::DrawClimate(dice_, options_.faults, *request_.draw);
      climate.throws_max = job_.options().failure.max_failures;
      request_.plan.heals_at = climate.lasts;
      faults_.emplace(world_, dice_.Next(), std::move(climate));
    } else {
      request_.plan.heals_at =
          request_.scripted ? options_.ends_within : HealsAt(request_.plan);
      faults_.emplace(world_, request_.plan.faults);
    }
    if (request_.scripted && options_.script) script_ = options_.script();
    scene_.emplace(Scene{request_.plan.seed, job_, world_, *faults_});
  }

  RunResult Finish() {
    try {
      world_.RunFor(request_.plan.heals_at);
      faults_->Stop();
      if (world_.HealAndFinish(options_.ends_within)) {
        Hold("at_end", options_.at_end);
      }
    } catch (const std::exception& error) {
      world_.checker().Violate(
          "exception", std::string(error.what()) +
                           " (thrown where no task's callback ran: by a "
                           "topology, a builder or the script?)");
    }
    request_.plan.faults = faults_->happened();
    return {std::move(request_.plan), Told(), world_.trace().hash(),
            world_.now(), std::move(lines_)};
  }

 private:
  sim::WorldOptions Draw() {
    sim::WorldOptions options;
    options.nodes = request_.plan.nodes;
    options.slots = SlotsOf(job_, options_, request_.plan.nodes);
    options.controllers = kControllers;
    options.config = options_.config;
    options.network.heartbeat_timeout =
        job_.options().failure.heartbeat_timeout;
    sim::DrawDelays(dice_, options);
    options.trace = request_.detail;
    if (request_.detail != sim::Trace::Level::kStory) {
      options.reader = [this](Duration when, sim::Trace::Level,
                              std::string_view text) {
        lines_.push_back({"[" + sim::Stamp(when) + "] " + std::string(text),
                          world_.trace().hash()});
      };
    }
    options.on_step = [this] { OnStep(); };
    return options;
  }

  void OnStep() {
    Hold("always", options_.always);
    if (!script_) return;
    SimulatedJob job(*scene_);
    script_(job);
  }

  void Hold(const std::string& rule, const Invariant& invariant) {
    if (!invariant || world_.checker().violation()) return;
    std::string wrong;
    try {
      wrong = invariant(SimulatedJob(*scene_));
    } catch (const std::exception& error) {
      wrong = "the invariant threw '" + std::string(error.what()) +
              "'; it should return what is wrong with the job";
    } catch (...) {
      wrong =
          "the invariant threw; it should return what is wrong with the job";
    }
    if (!wrong.empty()) world_.checker().Violate(rule, wrong);
  }

  // In the words of who knows the job, and not the keys at the coordinator.
  std::optional<sim::Violation> Told() const {
    std::optional<sim::Violation> violation = world_.checker().violation();
    if (violation && violation->rule == "progress" && !world_.end()) {
      violation->what =
          "the job has not ended within " +
          runtime::FormatDuration(options_.ends_within) +
          " (ends_within) of virtual time after the last fault; it is in "
          "epoch " +
          std::to_string(world_.checker().records().epoch()) +
          ". Does every request get its answer, and does a task call "
          "FinishJob?";
    }
    return violation;
  }

  const SimulationOptions& options_;
  RunRequest request_;
  const Job job_;
  sim::Random dice_;
  std::vector<Line> lines_;
  sim::World world_;
  std::optional<sim::Faults> faults_;
  std::optional<Scene> scene_;
  Script script_;
};

}  // namespace

RunResult Run(const JobFactory& make, const SimulationOptions& options,
              const RunRequest& request) {
  Job job = make(request.plan.tasks);
  CheckRun(job, options, request.plan);
  if (options.check_backups > 0) {
    job.options().backups.check_every = options.check_backups;
  }
  return Running(std::move(job), options, request).Finish();
}

}  // namespace taskgraph::simulation
