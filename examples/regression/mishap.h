// SPDX-License-Identifier: Apache-2.0
//
// Mishaps on request: whether a worker should fail now, to show that it does
// not matter. A function of the seed, the task, its incarnation and the epoch;
// so the same seed gives the same run.
#pragma once

#include "taskgraph/turn.h"

namespace regression {

// Of handing a gradient on.
enum class Moment { kBefore, kAfter };

bool HasMishap(const taskgraph::Turn& turn, Moment moment);

}  // namespace regression
