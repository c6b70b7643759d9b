// SPDX-License-Identifier: Apache-2.0
//
// Scene: what is behind a SimulatedJob.
#pragma once

#include "sim/faults.h"
#include "sim/world.h"
#include "taskgraph/simulation.h"

namespace taskgraph::simulation {

struct Scene {
  std::uint64_t seed = 0;
  const Job& job;
  sim::World& world;
  sim::Faults& faults;
};

}  // namespace taskgraph::simulation
