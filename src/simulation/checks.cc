// SPDX-License-Identifier: Apache-2.0
#include "simulation/checks.h"

#include <algorithm>

#include "runtime/duration_text.h"
#include "runtime/job_checks.h"
#include "sim/fault_kinds.h"
#include "simulation/run.h"

namespace taskgraph::simulation {
namespace {

using sim::Concerns;
using sim::Subject;

std::uint32_t BackupsMax(const Job& job) {
  const BackupOptions& backups = job.options().backups;
  std::uint32_t most = backups.each;
  for (const auto& [task, count] : backups.of) most = std::max(most, count);
  return most;
}

void CheckNodes(const Job& job, const SimulationOptions& options,
                std::uint32_t nodes) {
  const std::uint32_t backups = BackupsMax(job);
  if (nodes < NodesMin(job)) {
    throw UsageError("nodes is " + std::to_string(nodes) +
                     (backups == 0
                          ? "; a job needs 1 or more"
                          : ", but a task has " + std::to_string(backups) +
                                " backups, each on a node of its own; give " +
                                std::to_string(backups + 1) + " or more"));
  }
  const std::uint64_t slots =
      std::uint64_t{SlotsOf(job, options, nodes)} * nodes;
  if (slots >= job.replicas()) return;
  throw UsageError("slots is " + std::to_string(options.slots) + ", so that " +
                   std::to_string(nodes) + " nodes have " +
                   std::to_string(slots) + " in all, and the job needs " +
                   std::to_string(job.replicas()) +
                   "; give more, or 0 for as many as it needs");
}

void CheckFault(const Fault& fault, const Job& job, std::uint32_t nodes) {
  const auto refuse = [&](const std::string& what, std::uint32_t count) {
    throw UsageError("the plan's fault '" + Describe(fault) + "': there are " +
                     what + "s 0.." + std::to_string(count - 1) + " only");
  };
  switch (Concerns(fault.kind)) {
    case Subject::kNothing:
      return;
    case Subject::kNode:
      if (fault.whom >= nodes) refuse("node", nodes);
      return;
    case Subject::kTwoNodes:
      if (std::max(fault.whom, fault.other) >= nodes) refuse("node", nodes);
      return;
    case Subject::kController:
      if (fault.whom >= kControllers) refuse("controller", kControllers);
      return;
    case Subject::kTask:
      if (fault.whom >= job.tasks()) refuse("task", job.tasks());
      return;
  }
}

}  // namespace

void CheckSeeds(const SimulationOptions& options) {
  if (options.seeds > 0) return;
  throw UsageError("seeds is 0, so nothing would be run; give 1 or more");
}

void CheckRun(const Job& job, const SimulationOptions& options,
              const SimulationPlan& plan) {
  runtime::CheckDeclaration(job);
  runtime::CheckOptions(job.options());
  runtime::CheckLinks(job);
  if (plan.tasks != 0 && plan.tasks != job.tasks()) {
    throw UsageError("the factory was asked for a job of " +
                     std::to_string(plan.tasks) + " tasks and made one of " +
                     std::to_string(job.tasks()) +
                     "; pass its argument on to Job");
  }
  if (options.ends_within <= Duration{}) {
    throw UsageError("ends_within is " +
                     runtime::FormatDuration(options.ends_within) +
                     "; give the job some time");
  }
  CheckNodes(job, options, plan.nodes);
  for (const Fault& fault : plan.faults) CheckFault(fault, job, plan.nodes);
}

std::uint32_t SlotsOf(const Job& job, const SimulationOptions& options,
                      std::uint32_t nodes) {
  if (options.slots > 0) return options.slots;
  const std::uint32_t up = std::max(nodes, 2U) - 1;
  return static_cast<std::uint32_t>((job.replicas() + up - 1) / up);
}

std::uint32_t NodesMin(const Job& job) { return BackupsMax(job) + 1; }

}  // namespace taskgraph::simulation
