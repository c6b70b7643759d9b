// SPDX-License-Identifier: Apache-2.0
#include "sim/faults.h"

#include <algorithm>
#include <utility>

namespace taskgraph::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kShortSpanMax = 800ms;
constexpr Duration kLongSpanMax = 5s;

// Of faults that wait for an occasion and then last.
Duration LastsMax(FaultKind kind) {
  switch (kind) {
    case FaultKind::kLateCall:
      return 2s;
    case FaultKind::kLateWatch:
      return 1s;
    case FaultKind::kLongTurn:
      return 800ms;
    default:
      return {};
  }
}

}  // namespace

Faults::Faults(World& world, Seed seed, Climate climate)
    : world_(world), random_(seed), climate_(std::move(climate)) {
  Attach();
  for (const auto& [kind, gap] : climate_.mean_gap) DrawNext(kind);
}

Faults::Faults(World& world, const std::vector<Fault>& plan)
    : world_(world), random_(0) {
  Attach();
  for (const Fault& fault : plan) Inject(fault);
}

void Faults::Attach() {
  world_.stage().strikes = [this](FaultKind kind, TaskId task) {
    return Strikes(kind, task);
  };
}

void Faults::Inject(const Fault& fault) {
  if (HasOccasions(fault.kind)) {
    waiting_.push_back(fault);
    std::stable_sort(
        waiting_.begin(), waiting_.end(),
        [](const Fault& a, const Fault& b) { return a.at < b.at; });
    return;
  }
  world_.After(fault.at - world_.now(), [this, fault] {
    if (!stopped_) Happens(fault);
  });
}

// --- Those that come at a moment ---

void Faults::DrawNext(FaultKind kind) {
  const Duration gap = random_.Between({}, 2 * climate_.mean_gap.at(kind));
  world_.After(gap, [this, kind] {
    if (stopped_) return;
    Draw(kind);
    DrawNext(kind);
  });
}

void Faults::Draw(FaultKind kind) {
  if (kind == FaultKind::kKillMany) return DrawMany();
  const bool controllers = kind == FaultKind::kKillController ||
                           kind == FaultKind::kStopController ||
                           kind == FaultKind::kCutController;
  Fault fault{world_.now(), kind};
  fault.whom = controllers ? AnyController() : AnyNode();
  fault.other = AnyNode();
  fault.lasts = Span();
  Happens(fault);
}

void Faults::DrawMany() {
  for (std::uint32_t i = 0; i < world_.options().nodes; ++i) {
    if (random_.Chance(0.5)) Happens({world_.now(), FaultKind::kKillNode, i});
  }
  for (std::uint32_t i = 0; i < world_.options().controllers; ++i) {
    if (!random_.Chance(0.5)) continue;
    Happens({world_.now(), FaultKind::kKillController, i});
  }
}

// Mostly below the timeouts, at times above all of them.
Duration Faults::Span() {
  return random_.Chance(0.7) ? random_.Between({}, kShortSpanMax)
                             : random_.Between(kShortSpanMax, kLongSpanMax);
}

std::uint32_t Faults::AnyNode() {
  return static_cast<std::uint32_t>(random_.Below(world_.options().nodes));
}

std::uint32_t Faults::AnyController() {
  return static_cast<std::uint32_t>(
      random_.Below(world_.options().controllers));
}

void Faults::Happens(const Fault& fault) {
  happened_.push_back(fault);
  Carry(fault);
}

void Faults::Carry(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::kKillNode:
      return world_.KillNode(fault.whom);
    case FaultKind::kDrainNode:
      return world_.DrainNode(fault.whom);
    case FaultKind::kStopNode:
      return world_.StopNode(fault.whom, fault.lasts);
    case FaultKind::kCutNodes:
      world_.CutNodes(fault.other, fault.whom, fault.lasts);
      return world_.CutNodes(fault.whom, fault.other, fault.lasts);
    case FaultKind::kCutOneWay:
      return world_.CutNodes(fault.whom, fault.other, fault.lasts);
    case FaultKind::kBreakPipe:
      return world_.BreakPipe(fault.whom, fault.other);
    case FaultKind::kCutFromCoordinator:
      return world_.CutFromCoordinator(fault.whom, fault.lasts);
    case FaultKind::kCloseCoordinator:
      return world_.CloseCoordinator(fault.lasts);
    case FaultKind::kRevokeSession:
      return world_.RevokeSession(fault.whom);
    case FaultKind::kCompact:
      return world_.CompactHistory();
    case FaultKind::kKillController:
      return world_.KillController(fault.whom);
    case FaultKind::kStopController:
      return world_.StopController(fault.whom, fault.lasts);
    case FaultKind::kCutController:
      return world_.CutControllerFromCoordinator(fault.whom, fault.lasts);
    default:
      return;  // What has an occasion is carried out by who asked.
  }
}

// --- Those that wait for an occasion ---

std::optional<Duration> Faults::Strikes(FaultKind kind, TaskId task) {
  if (stopped_) return std::nullopt;
  std::optional<Fault> fault = Planned(kind, task);
  if (!fault) fault = Drawn(kind, task);
  Occasions& here = occasions_[{kind, task}];
  if (here.when != world_.now()) here = {world_.now(), 0};
  ++here.count;
  if (!fault) return std::nullopt;
  happened_.push_back(*fault);
  world_.trace().Story(std::string(Name(kind)) +
                       (Concerns(kind) == Subject::kTask
                            ? " of task " + std::to_string(task)
                            : std::string()));
  return fault->lasts;
}

std::optional<Fault> Faults::Planned(FaultKind kind, TaskId task) {
  const Time now = world_.now();
  const auto found =
      std::find_if(waiting_.begin(), waiting_.end(), [&](const Fault& fault) {
        if (fault.kind != kind) return false;
        if (Concerns(kind) == Subject::kTask && fault.whom != task)
          return false;
        if (fault.at != now) return fault.at < now;
        const Occasions& here = occasions_[{kind, task}];
        return fault.other <= (here.when == now ? here.count : 0);
      });
  if (found == waiting_.end()) return std::nullopt;
  const Fault fault = *found;
  waiting_.erase(found);
  return fault;
}

std::optional<Fault> Faults::Drawn(FaultKind kind, TaskId task) {
  const auto share = climate_.share.find(kind);
  if (share == climate_.share.end() || !random_.Chance(share->second)) {
    return std::nullopt;
  }
  if (kind == FaultKind::kThrow && throws_[task]++ >= climate_.throws_max) {
    return std::nullopt;
  }
  const Occasions& here = occasions_[{kind, task}];
  const Time now = world_.now();
  return Fault{now, kind, task, here.when == now ? here.count : 0,
               random_.Between({}, LastsMax(kind))};
}

}  // namespace taskgraph::sim
