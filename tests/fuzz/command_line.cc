// SPDX-License-Identifier: Apache-2.0
//
// The command line and the environment (job/command_line.h). An input is a list
// of arguments; the first ones may be variables, "TASKGRAPH_NODES=3".
#include "job/command_line.h"

#include <algorithm>
#include <cstdlib>

#include "fuzz.h"
#include "runtime/job_checks.h"

namespace {

using namespace taskgraph;       // NOLINT(google-build-using-namespace)
using namespace taskgraph::job;  // NOLINT(google-build-using-namespace)

constexpr std::string_view kPrefix = "TASKGRAPH_";

Job Area() {
  Job job("area", 8);
  job.Link("star", Star());
  job.Config("epochs", "40", "how many times to refine the result");
  job.Build([](TaskId) { return std::unique_ptr<Task>(); });
  return job;
}

// Sets variables for the time of its life.
class Environment {
 public:
  ~Environment() {
    for (const std::string& name : names_) ::unsetenv(name.c_str());
  }
  void Set(const std::string& name, const std::string& value) {
    ::setenv(name.c_str(), value.c_str(), 1);
    names_.push_back(name);
  }

 private:
  std::vector<std::string> names_;
};

void Check(const CommandLine& line) {
  if (const auto* text = std::get_if<PrintText>(&line.command)) {
    fuzz::Require(text->code == 0 || text->code == 2,
                  "a wrong command line has code 2");
    const auto lines = std::count(text->text.begin(), text->text.end(), '\n');
    fuzz::Require(text->code == 0 || lines == 1, "a mistake is told in a line");
    return;
  }
  runtime::CheckOptions(line.job.options());
  fuzz::Require(line.job.mistake().empty(), "the job is one that can be run");
  fuzz::Require(line.config.size() == 1 && line.config.contains("epochs"),
                "all declared keys have a value, and no others");
}

}  // namespace

void fuzz::Try(std::string_view bytes) {
  static const Job job = Area();
  Environment environment;
  std::vector<std::string> arguments = {"area"};
  for (std::string_view part : Parts(bytes)) {
    std::string text(
        part.substr(0, part.find('\0')));  // As the system cuts it.
    const std::size_t equals = text.find('=');
    if (arguments.size() == 1 && text.starts_with(kPrefix) &&
        equals != std::string::npos) {
      environment.Set(text.substr(0, equals), text.substr(equals + 1));
    } else {
      arguments.push_back(std::move(text));
    }
  }
  std::vector<const char*> argv;
  for (const std::string& argument : arguments)
    argv.push_back(argument.c_str());
  Check(ParseCommandLine(job, static_cast<int>(argv.size()), argv.data()));
}

std::vector<std::string> fuzz::Seeds() {
  return {Join({}),
          Join({"--help"}),
          Join({"--version"}),
          Join({"--nodes", "0", "--config", "epochs=3"}),
          Join({"run", "--nodes=3", "--spares", "1", "--tasks", "9", "--slots",
                "4", "--backups", "1", "--quiet", "--session-time", "1s"}),
          Join({"run", "--coordinator", "127.0.0.1:2379,unix:/tmp/e", "--name",
                "other", "--token-file", "/tmp/t", "--events", "/tmp/e",
                "--wait", "0s", "--restarts-max", "7"}),
          Join({"--listen-coordinator", "[::1]:0", "--heartbeat-timeout",
                "300ms", "--heartbeat-interval", "100ms", "--max-failures", "0",
                "--exit-grace", "1min", "--status-retention", "1h",
                "--check-backups", "2", "--log-level", "debug"}),
          Join({"TASKGRAPH_NODES=2", "TASKGRAPH_QUIET=1", "TASKGRAPH_JOB=j",
                "TASKGRAPH_SESSION_TIME=3s", "run"}),
          Join({"node", "--coordinator", "http://127.0.0.1:2379", "--slots",
                "4", "--listen", "tcp:127.0.0.1:0,unix:/tmp/n",
                "--socket-folder", "/tmp", "--node-id", "n1", "--host", "h",
                "--spare", "--instance", "cf47"}),
          Join({"controller", "--coordinator", "127.0.0.1:2379",
                "--nodes-expected", "3", "--config", "epochs=2"}),
          Join({"--spare"}),
          Join({"stop", "now"})};
}
