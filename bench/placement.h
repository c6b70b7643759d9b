// SPDX-License-Identifier: Apache-2.0
//
// Which processors the two sides of a comparison run on.
//
// Intuition: where the system puts two processes that wake each other is a
// matter of luck, and of how long each of them works: on one processor, where a
// wake-up is a change of process, or on two, where it is an interrupt. Only
// turns that are placed alike tell what the work costs.
#pragma once

#include <sched.h>

#include <string>

namespace taskgraph::bench {

enum class Placement { kFree, kOneForAll, kOneEach };
// To end a figure's name; of kFree, nothing.
std::string Suffix(Placement placement);

// Whether this process may use as many processors as that takes.
bool IsPossible(Placement placement);

enum class Side { kAsks, kAnswers };

// While this lives its thread runs where that side is placed, and so does what
// this thread starts meanwhile, for good.
class Placed {
 public:
  Placed(Placement placement, Side side);
  ~Placed();
  Placed(const Placed&) = delete;
  Placed& operator=(const Placed&) = delete;

 private:
  cpu_set_t before_;
};

}  // namespace taskgraph::bench
