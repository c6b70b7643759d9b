// SPDX-License-Identifier: Apache-2.0
//
// From results of runs to what is told of them.
//
// Pure.
#pragma once

#include <string>

#include "simulation/run.h"

namespace taskgraph::simulation {

// Of a run with its lines, which broke a rule.
SimulationFailure FailureOf(const RunResult& broken);

// Of two runs of one seed, with their lines. `how` it was noticed.
SimulationFailure NotDeterministic(const RunResult& one,
                                   const RunResult& another,
                                   const std::string& how);

}  // namespace taskgraph::simulation
