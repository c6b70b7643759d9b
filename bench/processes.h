// SPDX-License-Identifier: Apache-2.0
//
// The processes of a benchmark: this program once more in another role, or a
// neighbor in its folder.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "support/program.h"
#include "taskgraph/job.h"

namespace taskgraph::bench {

using test::Folder;
using test::Program;
using test::Self;

// If the command line asks for a role in a job (run, node, controller) this
// plays it, as the benchmark's child, and returns the exit code.
std::optional<int> PlayRole(const Job& job, int argc, char** argv);

// Runs a job of this program on this machine: `run` with these arguments and a
// name of its own, and "NAME=VALUE" added to the environment. Fails if it
// fails.
void RunJob(std::vector<std::string> arguments,
            std::vector<std::string> environment = {});

// The same, without waiting for its end.
Program StartJob(std::vector<std::string> arguments,
                 std::vector<std::string> environment = {});

// "--config=NAME=VALUE".
std::string Setting(const std::string& name, const std::string& value);
std::string Setting(const std::string& name, double value);

}  // namespace taskgraph::bench
