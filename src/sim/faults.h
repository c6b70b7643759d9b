// SPDX-License-Identifier: Apache-2.0
//
// Faults: carries faults out in a world, whether they are drawn or planned, and
// writes each of them down.
//
// Intuition: a saboteur who keeps a diary. What he did by whim can be done
// again by his diary: then he throws no dice. His dice are his own, not the
// world's, so that it makes no difference to the world which of the two it was.
//
// Not thread-safe; owned by who runs the world.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "sim/climate.h"
#include "sim/random.h"
#include "sim/world.h"

namespace taskgraph::sim {

class Faults {
 public:
  // Begin at once. `world` must outlive it, and it must outlive the world's
  // events.
  Faults(World& world, Seed seed, Climate climate);
  Faults(World& world, const std::vector<Fault>& plan);
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;

  // One more, now or later; for kKillMany the single kills are better.
  void Inject(const Fault& fault);

  // No more from now on.
  void Stop() { stopped_ = true; }

  // All that happened so far: a plan that leads to the same run.
  const std::vector<Fault>& happened() const { return happened_; }

 private:
  void Attach();
  void DrawNext(FaultKind kind);
  void Draw(FaultKind kind);
  void DrawMany();
  std::optional<Duration> Strikes(FaultKind kind, TaskId task);
  std::optional<Fault> Planned(FaultKind kind, TaskId task);
  std::optional<Fault> Drawn(FaultKind kind, TaskId task);
  void Happens(const Fault& fault);
  void Carry(const Fault& fault);
  Duration Span();
  std::uint32_t AnyNode();
  std::uint32_t AnyController();

  World& world_;
  Random random_;
  Climate climate_;
  bool stopped_ = false;
  std::vector<Fault> waiting_;  // For an occasion; by time.
  std::vector<Fault> happened_;
  std::map<TaskId, std::uint32_t> throws_;
  // Occasions at this very moment, so far.
  struct Occasions {
    Time when{};
    std::uint32_t count = 0;
  };
  std::map<std::pair<FaultKind, TaskId>, Occasions> occasions_;
};

}  // namespace taskgraph::sim
