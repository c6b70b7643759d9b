// SPDX-License-Identifier: Apache-2.0
//
// Digest: what a callback did, as one number. Two runs of one seed whose
// numbers differ ran a task that is not deterministic.
//
// Pure.
#pragma once

#include <cstdint>

#include "core/turn.h"

namespace taskgraph::sim {

std::uint64_t Digest(const core::TurnEffects& effects);

}  // namespace taskgraph::sim
