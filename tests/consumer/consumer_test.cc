// SPDX-License-Identifier: Apache-2.0
//
// Exits with 0 if the installed simulator runs somebody else's job.
#include <iostream>

#include "peer.h"
#include "taskgraph/simulation.h"

int main() {
  const auto report = taskgraph::Simulate(consumer::PeersJob(), {.seeds = 20});
  std::cout << report.Describe();
  return report.ok() ? 0 : 1;
}
