// SPDX-License-Identifier: Apache-2.0
//
// Verdict: what a job left behind, held against what it should have.
//
// Each function looks at one thing and says what is wrong with it; nothing:
// all is well. What goes away by itself, such as a lease, is given a minute.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "storm/job_processes.h"
#include "storm/passing.h"
#include "storm/records.h"
#include "support/command.h"

namespace taskgraph::storm {

using Complaints = std::vector<std::string>;

// `ask` calls etcdctl with these arguments.
using AskEtcd =
    std::function<test::CommandOutcome(const std::vector<std::string>&)>;

// The result is that of the run that nobody disturbed.
Complaints CheckResult(const Plan& plan, const Ground& ground,
                       const Reference& reference);
// Nobody of the job's is alive.
Complaints CheckProcesses(const Ground& ground, int patience_ms = kGuardMs);
// No file is there but the result, and no socket.
Complaints CheckFiles(const Ground& ground, App app);
// Of the job's keys only its status is there, with what it said; and no lease
// but the one that will take it away.
Complaints CheckKeys(const Ground& ground, const Reference& reference,
                     const AskEtcd& ask, int patience_ms = kGuardMs);
// What happened, as `run` or a controller told it in this file, is what may
// happen: epochs rise by one, terms of a task rise, it ends once.
Complaints CheckHistory(const std::string& events_file, App app);

}  // namespace taskgraph::storm
