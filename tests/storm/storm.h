// SPDX-License-Identifier: Apache-2.0
//
// Storm: one plan carried out against a job of real processes.
//
// Intuition: squalls and calms in turn. A squall is the plan's harms, one after
// the other and overlapping; then everything is healed, and the job has a
// minute to become whole again and to move on: that it does is the check of
// progress. When the job has ended, verdict.h looks at what it left.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "storm/plan.h"

namespace taskgraph::storm {

struct Outcome {
  std::map<std::string, int> harms;       // How often each kind was done,
  std::map<std::string, int> withheld;    // and was not, for the job's sake.
  std::map<std::string, int> longest_ms;  // Of those that last.
  int at_once = 0;  // Most that there were at a time, of these.
  int missed = 0;   // Harms that came after the job's end.
  double seconds = 0;
  std::vector<std::string> complaints;  // Empty: all is well.
  std::string kept;                     // The folder with the logs, if not.
};

// A signal asked us to end. All is cleaned up when this has arrived.
struct Interrupted {};

// `apps` is the folder of the examples' folders; what a failed run left is kept
// in `keep`. Throws Interrupted.
Outcome RunStorm(const Plan& plan, const std::string& apps,
                 const std::string& keep);

}  // namespace taskgraph::storm
