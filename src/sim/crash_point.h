// SPDX-License-Identifier: Apache-2.0
//
// Crash points: the moments of the protocol at which a process may die, each
// with a name.
//
// Intuition: a play has as many places to faint as it has lines. A process
// hears a fact, knows what follows from it, and does one thing after the other;
// and what it asked the coordinator for is decided before it is told. Between
// any two of these kill -9 may come.
//
// Pure.
#pragma once

#include <string>
#include <vector>

#include "coordination/job_records.h"
#include "coordination/types.h"
#include "core/vocabulary.h"

namespace taskgraph::sim {

// "EpochAdvanced", "MessageArrived LogAck": a message is told by its kind.
std::string NameOf(const core::Input& fact);
// "ProposeEpoch", "SendMessage LogAppend", "RunTurn HearMeta".
std::string NameOf(const core::Output& order);
// Of what key of the job's a change is: "assignment", "clock"; empty: of none.
std::string NameOf(const coordination::Change& change,
                   const coordination::JobKeys& keys);

// --- The points of a process that a name gives ---
// The fact is there, and nothing came of it yet.
inline std::string Hears(const std::string& fact) { return "hears " + fact; }
// It has changed what the process knows, and nothing was done about it.
inline std::string Knows(const std::string& fact) { return "knows " + fact; }
// The order is carried out, and those that came with it are not.
inline std::string Does(const std::string& order) { return "does " + order; }
// The coordinator has taken the change, and the process does not know.
inline std::string Writes(const std::string& key) { return "writes " + key; }

// All names that there are: of facts, of orders, of keys.
std::vector<std::string> AllFacts();
std::vector<std::string> AllOrders();
std::vector<std::string> AllKeys();

}  // namespace taskgraph::sim
