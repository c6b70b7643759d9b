// SPDX-License-Identifier: Apache-2.0
//
// What a user may get wrong before anything is run: each is told in one
// message, by a UsageError.
#pragma once

#include "taskgraph/simulation.h"

namespace taskgraph::simulation {

// For the runs of seeds.
void CheckSeeds(const SimulationOptions& options);

// For a run of `job` by `plan`.
void CheckRun(const Job& job, const SimulationOptions& options,
              const SimulationPlan& plan);

// The slots of each node.
std::uint32_t SlotsOf(const Job& job, const SimulationOptions& options,
                      std::uint32_t nodes);

// Nodes that the job needs, so that all backups of a task find one.
std::uint32_t NodesMin(const Job& job);

}  // namespace taskgraph::simulation
