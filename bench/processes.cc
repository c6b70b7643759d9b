// SPDX-License-Identifier: Apache-2.0
#include "processes.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <string_view>
#include <utility>

namespace taskgraph::bench {

std::optional<int> PlayRole(const Job& job, int argc, char** argv) {
  const std::string_view role = argc > 1 ? argv[1] : "";
  if (role != "run" && role != "node" && role != "controller") return {};
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // No job outlives its measurement.
  return Main(job, argc, argv);
}

Program StartJob(std::vector<std::string> arguments,
                 std::vector<std::string> environment) {
  // Jobs at one coordinator must not meet, not even after their end.
  static int jobs = 0;
  const std::string name =
      "bench-" + std::to_string(::getpid()) + "-" + std::to_string(++jobs);
  const std::vector<std::string> run = {Self(), "run", "--quiet",
                                        "--log-level=error", "--name=" + name};
  arguments.insert(arguments.begin(), run.begin(), run.end());
  // What it prints is no figure.
  return Program(std::move(arguments), {.output = "/dev/null",
                                        .environment = std::move(environment)});
}

void RunJob(std::vector<std::string> arguments,
            std::vector<std::string> environment) {
  StartJob(std::move(arguments), std::move(environment)).Succeed();
}

std::string Setting(const std::string& name, const std::string& value) {
  return "--config=" + name + "=" + value;
}

std::string Setting(const std::string& name, double value) {
  return Setting(name, std::to_string(static_cast<long long>(value)));
}

}  // namespace taskgraph::bench
