// SPDX-License-Identifier: Apache-2.0
//
// One run of a steady job that is looked at along its way.
#pragma once

#include <cstdint>
#include <string>

namespace taskgraph::test {

// What a leak may not have, for each unit of work.
struct Tolerance {
  double heap_bytes = 0;
  double dirty_bytes = 0;
};

struct LongRun {
  std::uint64_t requests_per_epoch = 1;
  std::uint64_t window = 1;
  // The work: so many epochs, or, if there are any, takeovers.
  std::uint64_t epochs = 0;
  std::uint64_t takeovers = 0;
  std::uint64_t requests_per_unit = 1;  // The tolerance is for one of these.
  Tolerance tolerance;
};

// Expects that nothing grew, in any process that lived from the beginning to
// the end, nor at the coordinator. `endpoint`: as SteadyJob.
void ExpectFlat(const LongRun& run, const std::string& endpoint);

}  // namespace taskgraph::test
