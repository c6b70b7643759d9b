// SPDX-License-Identifier: Apache-2.0
//
// Runs another program and waits for its end.
#pragma once

#include <string>
#include <vector>

namespace taskgraph::test {

struct CommandOutcome {
  int exit_code = -1;
  std::string output;  // Standard output and error, as they came.
};

// `arguments[0]` is the program's path; `input` is what it reads (at most what
// fits a pipe); `environment` is added to ours, as "NAME=VALUE".
CommandOutcome RunCommand(const std::vector<std::string>& arguments,
                          const std::string& input = {},
                          const std::vector<std::string>& environment = {});

}  // namespace taskgraph::test
