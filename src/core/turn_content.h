// SPDX-License-Identifier: Apache-2.0
//
// TurnContent: what a record of the turn log says about its turn (R15, R17).
//
// Intuition: a diary does not copy the letters that came in, only who wrote,
// and what was done about it. A backup never calls the task for what the
// primary was called for; it applies the updates, and keeps the same books. So
// of the cause remains what the books need (see below), while the effects,
// which may have to be sent again, are there in full.
//
// Pure functions; any thread.
#pragma once

#include <vector>

#include "core/turn.h"
#include "taskgraph/error.h"
#include "taskgraph/payload.h"

namespace taskgraph::core {

// R22: a neighbor that was met in this incarnation of it: no failure before
// that one is news.
struct Acquaintance {
  TaskId task = 0;
  Incarnation incarnation = 0;
};

// Of the causes there remain:
//   HearMeta       all
//   ServeRequest   all but the input
//   TakeData       the number
//   HearFailure    the number
//   NeighborLost, NeighborBack   the neighbor and its incarnation
//   CompareState   all
// ExitTask has no effects (R2), ChangeRole, TakeSnapshot and ApplyUpdates are
// between a replica and its own node, and turns that failed, or did not begin,
// have no record; so none of them is ever in one.
struct TurnContent {
  Epoch epoch = 0;
  std::vector<Acquaintance> met;  // Since the record before.
  Cause cause;
  TurnEffects effects;
};

// Copies what updates, inputs and outputs there are; they travel together.
Payload Encode(const TurnContent& turn);

// Total: any bytes give a turn, or kCorrupt. Updates, inputs and outputs are
// parts of `bytes`, and keep it alive. What it takes, Encode gives back.
Result<TurnContent> DecodeTurn(const Payload& bytes);

}  // namespace taskgraph::core
