// SPDX-License-Identifier: Apache-2.0
//
// The commands `node` and `controller`: one member of a job that is coordinated
// by etcd, or by another process of this program.
#pragma once

#include "job/command_line.h"

namespace taskgraph::job {

// They return the exit code of the process: the job's, 1 if they could not take
// part, 128 + N if a signal N made them leave.
int RunNode(const CommandLine& line, const NodeCommand& command);
int RunController(const CommandLine& line, const ControllerCommand& command);

// The name of this machine.
std::string HostName();

// What a process can give as its exit code for `status`; never 0 for a failure.
int ExitCodeOf(const ExitStatus& status);

// How a job with another code than 0 ended, in one line.
std::string DescribeEnd(const std::string& job, const ExitStatus& status);

}  // namespace taskgraph::job
