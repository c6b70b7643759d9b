// SPDX-License-Identifier: Apache-2.0
#include "sim/shrink.h"

#include <algorithm>
#include <cstddef>

namespace taskgraph::sim {
namespace {

// All but the `i`-th of `parts` parts.
std::vector<Fault> Without(const std::vector<Fault>& faults, std::size_t i,
                           std::size_t parts) {
  std::vector<Fault> rest;
  for (std::size_t at = 0; at < faults.size(); ++at) {
    if (at * parts / faults.size() != i) rest.push_back(faults[at]);
  }
  return rest;
}

}  // namespace

// Of the two steps of ddmin ("one part alone", "all but one part") only the
// second: with two parts it is the first as well.
std::vector<Fault> Shrink(std::vector<Fault> faults, const Fails& fails,
                          std::uint32_t runs_max) {
  if (faults.empty() || runs_max == 0) return faults;
  --runs_max;
  if (fails({})) return {};
  std::size_t parts = 2;
  while (faults.size() >= 2) {
    bool smaller = false;
    for (std::size_t i = 0; i < parts && !smaller; ++i) {
      if (runs_max == 0) return faults;
      --runs_max;
      std::vector<Fault> rest = Without(faults, i, parts);
      if (!fails(rest)) continue;
      faults = std::move(rest);
      smaller = true;
    }
    if (!smaller && parts == faults.size()) return faults;
    parts = smaller ? std::max<std::size_t>(parts - 1, 2) : parts * 2;
    parts = std::min(parts, faults.size());
  }
  return faults;
}

}  // namespace taskgraph::sim
