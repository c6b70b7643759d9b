// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "simulation/scene.h"
#include "taskgraph/simulation.h"

namespace taskgraph {
namespace {

const sim::RecordRules& RecordsOf(const simulation::Scene& scene) {
  return scene.world.checker().records();
}

// Asked for by the application, so it may be any number.
const core::Assignment& RecordOf(const simulation::Scene& scene, TaskId task) {
  if (task < scene.job.tasks()) return RecordsOf(scene).of(task);
  throw UsageError("there is no task " + std::to_string(task) +
                   " in this run; it has " + std::to_string(scene.job.tasks()) +
                   ", see SimulatedJob::tasks()");
}

}  // namespace

std::uint64_t SimulatedJob::seed() const { return scene_.seed; }
Duration SimulatedJob::now() const { return scene_.world.now(); }
TaskId SimulatedJob::tasks() const { return scene_.job.tasks(); }
Epoch SimulatedJob::epoch() const { return RecordsOf(scene_).epoch(); }

std::optional<ExitStatus> SimulatedJob::end() const {
  const auto& end = scene_.world.end();
  return end ? std::optional(end->status) : std::nullopt;
}

std::uint64_t SimulatedJob::losses() const {
  return RecordsOf(scene_).losses();
}
std::uint64_t SimulatedJob::promotions() const {
  return RecordsOf(scene_).promotions();
}

Incarnation SimulatedJob::incarnation(TaskId task) const {
  return RecordOf(scene_, task).incarnation;
}
std::size_t SimulatedJob::backups(TaskId task) const {
  return RecordOf(scene_, task).backups.size();
}
std::optional<std::uint32_t> SimulatedJob::NodeOf(TaskId task) const {
  RecordOf(scene_, task);
  return scene_.world.PlaceOf(task);
}
const Task* SimulatedJob::PrimaryTask(TaskId task) const {
  RecordOf(scene_, task);
  return scene_.world.PrimaryOf(task);
}

void SimulatedJob::Inject(const Fault& fault) {
  Fault now_or_later = fault;
  now_or_later.at = std::max(fault.at, now());
  scene_.faults.Inject(now_or_later);
}

std::string EndedWell(const SimulatedJob& job) {
  const std::optional<ExitStatus> end = job.end();
  if (!end) return "the job has not ended";
  if (end->code == 0) return {};
  return "the job ended with code " + std::to_string(end->code) + ": " +
         end->message;
}

}  // namespace taskgraph
