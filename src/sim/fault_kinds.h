// SPDX-License-Identifier: Apache-2.0
//
// What there is to know about kinds of faults.
//
// Pure.
#pragma once

#include "taskgraph/fault.h"

namespace taskgraph::sim {

// Whom Fault::whom, and Fault::other, name.
enum class Subject : std::uint8_t {
  kNothing,
  kNode,
  kTwoNodes,
  kController,
  kTask
};
Subject Concerns(FaultKind kind);

// Whether Fault::lasts says something.
bool Lasts(FaultKind kind);

// Whether the kind waits for an occasion.
inline bool HasOccasions(FaultKind kind) {
  return kind >= FaultKind::kLoseCall;
}

}  // namespace taskgraph::sim
