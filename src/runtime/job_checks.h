// SPDX-License-Identifier: Apache-2.0
//
// Mistakes of an application's author, found before anything is started.
//
// Pure, but for the topologies, which are the application's.
#pragma once

#include "taskgraph/job.h"

namespace taskgraph::runtime {

// UsageError for what was remembered while `job` was declared, and for a job
// without a builder.
void CheckDeclaration(const Job& job);

// UsageError for options that can't be right, by whatever way they were set.
void CheckOptions(const JobOptions& options);

// UsageError for a task, in the first epoch, that has an impossible neighbor.
void CheckLinks(const Job& job);

// The declared keys with their defaults, overridden by `given`. UsageError for
// a key that is not declared.
Config CompleteConfig(const Job& job, const Config& given);

}  // namespace taskgraph::runtime
