// SPDX-License-Identifier: Apache-2.0
#include "sim/storm.h"

#include <chrono>

namespace taskgraph::sim {
namespace {

WorldOptions Options(const Climate& climate) {
  WorldOptions options;
  options.nodes = 5;
  options.slots = 4;
  ApplyShares(climate, options);
  return options;
}

}  // namespace

Storm::Storm(Seed seed, const Job& job)
    : random_(seed),
      climate_(DrawClimate(random_, {})),
      world_(seed, job, Options(climate_)),
      faults_(world_, climate_) {
  world_.RunFor(climate_.lasts);
  faults_.Stop();
  world_.HealAndFinish(std::chrono::minutes(10));
}

}  // namespace taskgraph::sim
