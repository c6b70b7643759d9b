// SPDX-License-Identifier: Apache-2.0
//
// One run of an endless job that is looked at along its way.
#pragma once

#include <cstdint>
#include <string>

namespace taskgraph::test {

struct LongRun {
  std::uint64_t requests_per_epoch = 1;
  std::uint64_t window = 1;
  // The work: so many epochs, or, if there are any, takeovers.
  std::uint64_t epochs = 0;
  std::uint64_t takeovers = 0;
  // A unit of the work is a takeover, or else an epoch or a request.
  std::uint64_t units_per_epoch = 1;
  // Bytes for each unit that are not taken for a leak.
  double tolerance = 0;
};

// Expects that nothing grew, in any process that lived from the beginning to
// the end, nor at the coordinator. `endpoint`: as EndlessJob.
void ExpectFlat(const LongRun& run, const std::string& endpoint);

}  // namespace taskgraph::test
