// SPDX-License-Identifier: Apache-2.0
//
// The clock of a real process: monotonic, so that a jump of the wall clock
// changes nothing. The only place of this folder that asks for the time.
#pragma once

#include <chrono>

#include "core/assignment.h"

namespace taskgraph::runtime {

inline core::Time Now() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

}  // namespace taskgraph::runtime
