// SPDX-License-Identifier: Apache-2.0
#include "sim/faults.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace taskgraph::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, kHarms> kNames = {"kill",
                                                         "kill-many",
                                                         "drain",
                                                         "stop",
                                                         "cut",
                                                         "one-way",
                                                         "break",
                                                         "cut-from-coordinator",
                                                         "coordinator",
                                                         "revoke",
                                                         "compact",
                                                         "controller",
                                                         "stop-controller",
                                                         "cut-controller",
                                                         "lose-calls",
                                                         "late-watches",
                                                         "relist",
                                                         "throw",
                                                         "retire",
                                                         "long-turns",
                                                         "bad-copies"};

constexpr Duration kGapMin = 150ms;
constexpr Duration kBreakGapMin = 4ms;  // It is over at once.
constexpr Duration kGapMax = 4s;
constexpr Duration kShortSpanMax = 800ms;
constexpr Duration kLongSpanMax = 5s;

bool IsShare(Harm harm) { return harm >= Harm::kLoseCalls; }

// At most this share of what there is.
double ShareMax(Harm harm) {
  switch (harm) {
    case Harm::kThrow:
      return 0.003;
    case Harm::kRetire:
      return 0.002;
    case Harm::kLongTurns:
      return 0.02;
    case Harm::kRelist:
      return 0.2;
    default:
      return 0.3;
  }
}

}  // namespace

std::string_view Name(Harm harm) {
  return kNames[static_cast<std::size_t>(harm)];
}

Climate DrawClimate(Random& random, const std::vector<Harm>& kinds) {
  Climate climate;
  climate.lasts = random.Between(1s, 12s);
  for (int i = 0; i < kHarms; ++i) {
    const Harm harm = static_cast<Harm>(i);
    const bool happens = random.Chance(0.35);
    const double weight = random.Fraction();
    const bool allowed =
        kinds.empty() || std::count(kinds.begin(), kinds.end(), harm) > 0;
    if (!allowed || !(happens || !kinds.empty())) continue;
    if (IsShare(harm)) {
      climate.share[harm] = weight * ShareMax(harm);
    } else {
      const auto span = static_cast<double>((kGapMax - kGapMin).count());
      climate.mean_gap[harm] =
          (harm == Harm::kBreakPipe ? kBreakGapMin : kGapMin) +
          Duration(static_cast<std::int64_t>(weight * weight * span));
    }
  }
  return climate;
}

void ApplyShares(const Climate& climate, WorldOptions& options) {
  const auto share = [&](Harm harm) {
    const auto found = climate.share.find(harm);
    return found == climate.share.end() ? 0.0 : found->second;
  };
  options.coordinator.lost_calls = share(Harm::kLoseCalls);
  options.coordinator.late_watches = share(Harm::kLateWatches);
  options.coordinator.relisted = share(Harm::kRelist);
  options.turns.long_turns = share(Harm::kLongTurns);
}

Faults::Faults(World& world, Climate climate)
    : world_(world), climate_(std::move(climate)) {
  for (const auto& [harm, gap] : climate_.mean_gap) Next(harm);
}

void Faults::Next(Harm harm) {
  world_.After(Gap(climate_.mean_gap.at(harm)), [this, harm] {
    if (stopped_) return;
    Do(harm);
    Next(harm);
  });
}

// Evenly between nothing and twice the mean.
Duration Faults::Gap(Duration mean) {
  return world_.random().Between({}, 2 * mean);
}

// Mostly below the timeouts, at times above all of them.
Duration Faults::Span() {
  Random& random = world_.random();
  return random.Chance(0.7) ? random.Between({}, kShortSpanMax)
                            : random.Between(kShortSpanMax, kLongSpanMax);
}

std::uint32_t Faults::AnyNode() {
  return static_cast<std::uint32_t>(
      world_.random().Below(world_.options().nodes));
}

std::uint32_t Faults::AnyController() {
  return static_cast<std::uint32_t>(
      world_.random().Below(world_.options().controllers));
}

void Faults::Do(Harm harm) {
  const std::uint32_t node = AnyNode();
  const std::uint32_t other = AnyNode();
  const std::uint32_t controller = AnyController();
  const Duration span = Span();
  switch (harm) {
    case Harm::kKillNode:
      return world_.KillNode(node);
    case Harm::kKillMany:
      return KillMany();
    case Harm::kDrainNode:
      return world_.DrainNode(node);
    case Harm::kStopNode:
      return world_.StopNode(node, span);
    case Harm::kCutNodes:
      world_.CutNodes(other, node, span);
      return world_.CutNodes(node, other, span);
    case Harm::kCutOneWay:
      return world_.CutNodes(node, other, span);
    case Harm::kBreakPipe:
      return world_.BreakPipe(node, other);
    case Harm::kCutFromCoordinator:
      return world_.CutFromCoordinator(node, span);
    case Harm::kCloseCoordinator:
      return world_.CloseCoordinator(span);
    case Harm::kRevokeSession:
      return world_.RevokeSession(node);
    case Harm::kCompact:
      return world_.CompactHistory();
    case Harm::kKillController:
      return world_.KillController(controller);
    case Harm::kStopController:
      return world_.StopController(controller, span);
    case Harm::kCutController:
      return world_.CutControllerFromCoordinator(controller, span);
    default:
      return;  // A share.
  }
}

void Faults::KillMany() {
  Random& random = world_.random();
  for (std::uint32_t i = 0; i < world_.options().nodes; ++i) {
    if (random.Chance(0.5)) world_.KillNode(i);
  }
  for (std::uint32_t i = 0; i < world_.options().controllers; ++i) {
    if (random.Chance(0.5)) world_.KillController(i);
  }
}

void Faults::Mischief(Turn& turn, std::uint32_t failures_max) {
  if (stopped_) return;
  Random& random = world_.random();
  if (random.Chance(ShareOf(Harm::kThrow)) &&
      failures_[turn.task()] < failures_max) {
    ++failures_[turn.task()];
    throw std::runtime_error("mischief");
  }
  if (random.Chance(ShareOf(Harm::kRetire))) turn.Retire();
}

void Faults::SpoilCopy() {
  if (!stopped_ && world_.random().Chance(ShareOf(Harm::kBadCopies))) {
    throw std::runtime_error("a bad copy");
  }
}

double Faults::ShareOf(Harm harm) const {
  const auto found = climate_.share.find(harm);
  return found == climate_.share.end() ? 0.0 : found->second;
}

}  // namespace taskgraph::sim
