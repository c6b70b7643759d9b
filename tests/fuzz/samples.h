// SPDX-License-Identifier: Apache-2.0
//
// Samples: what nodes of a small job say and write down, for the seeds of the
// core's targets. Tasks 0..3; task 0 sees the others, and they see it.
#pragma once

#include <vector>

#include "core/links.h"
#include "core/message.h"
#include "core/turn_content.h"
#include "taskgraph/topology.h"

namespace fuzz {

// One of each kind, from task 1 or its node to task 0, of epoch 1.
std::vector<taskgraph::core::NodeMessage> SampleMessages();

// One of each cause, and one with all effects, of task 0 in epoch 1.
std::vector<taskgraph::core::TurnContent> SampleTurns();

taskgraph::core::Links SampleLinks();

}  // namespace fuzz
