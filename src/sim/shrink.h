// SPDX-License-Identifier: Apache-2.0
//
// Shrink: the few faults of many that make a run fail.
//
// Intuition: a detective who sends half of the suspects home, and asks whether
// the crime still happens. If not, it was a thing between the two halves, and
// he goes on with smaller groups. (Delta debugging, ddmin: Zeller &
// Hildebrandt, "Simplifying and isolating failure-inducing input", TSE 2002.)
//
// Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "taskgraph/fault.h"

namespace taskgraph::sim {

// Whether a run with these faults fails as the first one did.
using Fails = std::function<bool(const std::vector<Fault>&)>;

// The least part of `faults` that was found to fail within `runs_max` calls of
// `fails`; `faults`, which do fail, if no part does. Given enough calls, none
// of its faults can be left out alone.
std::vector<Fault> Shrink(std::vector<Fault> faults, const Fails& fails,
                          std::uint32_t runs_max);

}  // namespace taskgraph::sim
