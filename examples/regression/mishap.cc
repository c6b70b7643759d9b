// SPDX-License-Identifier: Apache-2.0
#include "regression/mishap.h"

#include <cstdint>
#include <random>
#include <string>

namespace regression {

bool HasMishap(const taskgraph::Turn& turn, Moment moment) {
  const auto percent = std::stoul(turn.config("worker_fail_percent"));
  const std::uint64_t seed = std::stoull(turn.config("seed"));
  std::seed_seq mixed{seed, std::uint64_t{turn.task()}, turn.incarnation(),
                      turn.epoch(), static_cast<std::uint64_t>(moment)};
  return std::mt19937(mixed)() % 100 < percent;
}

}  // namespace regression
