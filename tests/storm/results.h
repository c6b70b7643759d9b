// SPDX-License-Identifier: Apache-2.0
//
// Results: a file with one line of JSON for each storm, and what they come to.
#pragma once

#include <string>

#include "storm/plan.h"
#include "storm/storm.h"

namespace taskgraph::storm {

// A line without its end.
std::string ResultLine(const Plan& plan, const Outcome& outcome);
void AppendResult(const std::string& file, const std::string& line);

// One more than the highest seed in these lines; 1: there is none.
Seed NextSeed(const std::string& lines);

// Tables of how many storms there were and failed, and of how often each kind
// of harm was done; and what failed.
std::string Report(const std::string& lines);

}  // namespace taskgraph::storm
