// SPDX-License-Identifier: Apache-2.0
//
// Storm: a user's job under all faults at once, drawn from a seed.
#pragma once

#include "sim/faults.h"
#include "sim/world.h"

namespace taskgraph::sim {

class Storm {
 public:
  // Runs `job`, which must outlive it, to its end, on 5 nodes with 4 slots.
  Storm(Seed seed, const Job& job);

  const World& world() const { return world_; }

 private:
  Random random_;
  Climate climate_;
  World world_;
  Faults faults_;
};

}  // namespace taskgraph::sim
