// SPDX-License-Identifier: Apache-2.0
//
// Stage: what all processes of one world share, and the delays that are drawn
// for it. Owned by World.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "coordination/job_records.h"
#include "sim/agenda.h"
#include "sim/network.h"
#include "sim/random.h"
#include "sim/registry.h"
#include "sim/sim_coordinator.h"
#include "sim/trace.h"
#include "taskgraph/fault.h"
#include "taskgraph/job.h"

namespace taskgraph::sim {

class Checker;
class Process;

// How long callbacks take, and how late they begin.
struct TurnTimes {
  Duration usual_min{};
  Duration usual_max = std::chrono::milliseconds(4);
  double late_turns = 0;  // Those that wait for a thread before they begin.
};

using Falsify = std::function<void(core::NodeMessage&, Random&)>;

struct Stage {
  const Job& job;
  const coordination::JobSpec& spec;
  const TurnTimes& turns;
  const CoordinatorOptions& coordinator;
  Agenda& agenda;
  Random& random;
  Trace& trace;
  Registry& registry;
  Network& network;
  Checker& checker;
  // Changes what is sent on its way; for tests of the tests.
  Falsify falsify;
  // Empty: nothing strikes.
  Strikes strikes = {};
  // How long the next turn of a task takes; zero: as `turns` says.
  std::function<Duration(TaskId)> planned_time = {};
  // Told of each crash point (crash_point.h) that a process passes; it may end
  // it there. Empty: nobody asks.
  std::function<void(Process&, const std::string& point)> passes = {};
};

}  // namespace taskgraph::sim
