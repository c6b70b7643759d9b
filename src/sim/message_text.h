// SPDX-License-Identifier: Apache-2.0
//
// What nodes say to each other, in words; for traces.
#pragma once

#include <string>

#include "core/message.h"

namespace taskgraph::sim {

// "meta 3 of task 1 to task 2, epoch 5".
std::string Describe(const core::NodeMessage& message);

}  // namespace taskgraph::sim
