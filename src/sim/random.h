// SPDX-License-Identifier: Apache-2.0
//
// Random: chance, the same on every machine for the same seed.
//
// Intuition: a long strip of dice throws, printed beforehand; the seed is the
// place where reading begins. (SplitMix64, Steele et al., OOPSLA 2014. The
// distributions of <random> differ between libraries, and a seed must not.)
//
// Not thread-safe; one world, one strip.
#pragma once

#include <cstdint>

#include "taskgraph/types.h"

namespace taskgraph::sim {

using Seed = std::uint64_t;

// Scatters the bits of `value`: equal in, equal out, and no pattern left.
inline std::uint64_t Scatter(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

class Random {
 public:
  explicit Random(Seed seed) : state_(Scatter(seed + kStep)) {}

  std::uint64_t Next() { return Scatter(state_ += kStep); }

  // 0..limit-1; `limit` >= 1. The bias of the remainder is of no concern here.
  std::uint64_t Below(std::uint64_t limit) { return Next() % limit; }

  // 0 <= x < 1.
  double Fraction() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

  bool Chance(double probability) { return Fraction() < probability; }

  Duration Between(Duration least, Duration most) {
    if (most <= least) return least;
    const auto span = static_cast<std::uint64_t>((most - least).count());
    return least + Duration(static_cast<std::int64_t>(Below(span + 1)));
  }

 private:
  static constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15ULL;

  std::uint64_t state_;
};

}  // namespace taskgraph::sim
