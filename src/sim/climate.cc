// SPDX-License-Identifier: Apache-2.0
#include "sim/climate.h"

#include <algorithm>

namespace taskgraph::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kGapMin = 150ms;
constexpr Duration kBreakGapMin = 4ms;  // It is over at once.
constexpr Duration kGapMax = 4s;
constexpr Duration kLeastGap = 1ms;  // However short the job is.
constexpr double kHappens = 0.35;
constexpr std::size_t kFewKinds = 3;
constexpr double kDenserMax = 10;

// At most this share of the occasions.
double ShareMax(FaultKind kind) {
  switch (kind) {
    case FaultKind::kThrow:
      return 0.003;
    case FaultKind::kRetire:
      return 0.002;
    case FaultKind::kLongTurn:
      return 0.02;
    case FaultKind::kRelist:
      return 0.2;
    case FaultKind::kLoseCall:
    case FaultKind::kLoseAnswer:
    case FaultKind::kLateCall:
      return 0.1;
    default:
      return 0.3;
  }
}

Duration Times(double factor, Duration duration) {
  return Duration(static_cast<std::int64_t>(
      factor * static_cast<double>(duration.count())));
}

}  // namespace

Climate DrawClimate(Random& random, const std::vector<FaultKind>& kinds,
                    Duration length) {
  Climate climate;
  if (kinds.empty()) return climate;
  const double scale = static_cast<double>(length.count()) /
                       static_cast<double>(kUsualLength.count());
  climate.lasts = Times(scale, random.Between(1s, 12s));
  const FaultKind at_least = kinds[random.Below(kinds.size())];
  const bool few = kinds.size() <= kFewKinds;
  for (FaultKind kind : AllFaultKinds()) {
    const bool happens = random.Chance(kHappens) || few || kind == at_least;
    const double weight = random.Fraction();
    if (!happens || std::count(kinds.begin(), kinds.end(), kind) == 0) continue;
    if (HasOccasions(kind)) {
      climate.share[kind] =
          weight * std::min(0.3, ShareMax(kind) *
                                     std::clamp(1 / scale, 1.0, kDenserMax));
      continue;
    }
    const Duration least =
        kind == FaultKind::kBreakPipe ? kBreakGapMin : kGapMin;
    const Duration gap = least + Times(weight * weight, kGapMax - kGapMin);
    climate.mean_gap[kind] = std::max(kLeastGap, Times(scale, gap));
  }
  return climate;
}

void DrawDelays(Random& random, WorldOptions& options) {
  options.exits_seen = random.Fraction();
  if (random.Chance(0.3)) options.network.delay_max = 30ms;
  if (random.Chance(0.3)) options.network.overtaken = random.Fraction();
  if (random.Chance(0.3)) options.coordinator.delay_max = 60ms;
  if (random.Chance(0.3)) options.turns.usual_max = 60ms;
  if (random.Chance(0.5)) options.turns.late_turns = random.Fraction() * 0.5;
}

}  // namespace taskgraph::sim
