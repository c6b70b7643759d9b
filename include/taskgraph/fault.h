// SPDX-License-Identifier: Apache-2.0
//
// Fault: one thing that goes wrong in a simulated run, and when.
//
// Intuition: stage directions. "At 1.25 s node 2 is killed" means the same
// whoever wrote it: chance, which draws faults from a seed, or you, for a test
// of one situation (see simulation.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "taskgraph/types.h"

namespace taskgraph {

// Of each: who is hit (Fault::whom, Fault::other), and what Fault::lasts says.
enum class FaultKind : std::uint8_t {
  // --- At a moment ---
  kKillNode,   // A node: kill -9. Another starts in its place within 0.8 s.
  kKillMany,   // Each node and controller with a chance of one half, at once.
               // Only drawn: a plan has the single kills.
  kDrainNode,  // A node: SIGTERM. It leaves the job; another starts.
  kStopNode,   // A node stops (SIGSTOP) for so long.
  kCutNodes,   // Nothing gets from one node to the other, or back, for so long.
  kCutOneWay,  // Nothing gets from `whom` to `other` for so long.
  kBreakPipe,  // The connection of two nodes breaks; they lay a new one.
  kCutFromCoordinator,  // A node, for so long.
  kCloseCoordinator,    // The coordinator is away for so long.
  kRevokeSession,       // A node's session is ended by somebody outside.
  kCompact,             // The coordinator forgets its history.
  kKillController,      // A controller.
  kStopController,      // A controller, for so long.
  kCutController,       // A controller from the coordinator, for so long.

  // --- At the first occasion from that moment on ---
  kLoseCall,    // A call to the coordinator gets lost on its way there.
  kLoseAnswer,  // It is carried out, and the answer gets lost.
  kLateCall,    // It is carried out so long after its caller has given up
                // waiting.
  kLateWatch,   // News from the coordinator come so late.
  kRelist,      // A watch is interrupted, and begins again.
  kThrow,       // A task: its callback throws at its end.
  kRetire,      // A task: as if its callback had called Turn::Retire.
  kLongTurn,    // A task: its callback takes so much longer.
  kBadCopy,     // A task: Backupable::Snapshot or Restore throws.
};
inline constexpr int kFaultKinds = 23;

// "kill", "stop", ...: for command lines and traces.
std::string_view Name(FaultKind kind);

// All of them, as a list to take some from.
std::vector<FaultKind> AllFaultKinds();

struct Fault {
  Duration at{};  // Since the beginning of the run.
  FaultKind kind = FaultKind::kKillNode;
  // The node, controller or task, each counted from 0. Nodes are places: who is
  // started in the place of a killed one has its number.
  std::uint32_t whom = 0;
  // The other node. Of those that wait for an occasion: so many at that very
  // moment are spared.
  std::uint32_t other = 0;
  Duration lasts{};

  friend bool operator==(const Fault&, const Fault&) = default;
};

// "1.250 s: kill node 2": for people.
std::string Describe(const Fault& fault);

}  // namespace taskgraph
