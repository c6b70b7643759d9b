// SPDX-License-Identifier: Apache-2.0
#include "storm/job_processes.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "storm/census.h"
#include "support/command.h"

namespace taskgraph::storm {
namespace {

constexpr int kSignalCode = 128;  // As shells count.

// More than any storm takes.
constexpr char kRestartsMax[] = "--restarts-max=100000";
// Longer than a busy machine may let a node wait.
constexpr char kSessionTime[] = "--session-time=4s";
constexpr char kSlots[] = "--slots=50";  // All fits on any one node.

void Append(std::vector<std::string>& all, std::vector<std::string> more) {
  all.insert(all.end(), more.begin(), more.end());
}

// What the application is told.
std::vector<std::string> Settings(const Plan& plan, const std::string& result) {
  std::vector<std::string> all = {"--config=epochs=" +
                                  std::to_string(plan.workload.epochs)};
  for (const std::string& pair : plan.workload.config) {
    all.push_back("--config=" + pair);
  }
  if (plan.setting.app == App::kLedger) {
    all.push_back("--backups=" + std::to_string(plan.workload.backups));
  } else {
    all.push_back("--config=result=" + result);
  }
  return all;
}

// What a process on `host` shows at doors.
std::vector<std::string> Credentials(const Ground& ground, int host) {
  std::vector<std::string> all;
  if (!ground.tls.empty()) {
    const TlsFiles& files = ground.tls.at(static_cast<std::size_t>(host));
    all = {"--tls-cert=" + files.certificate, "--tls-key=" + files.key,
           "--tls-ca=" + files.authority};
  }
  if (!ground.user.empty()) {
    Append(all, {"--etcd-user=" + ground.user,
                 "--etcd-password-file=" + ground.password_file()});
  }
  return all;
}

std::vector<std::string> RunLine(const Plan& plan, const Ground& ground) {
  std::vector<std::string> line = {
      ground.app,
      "run",
      "--quiet",
      "--name=" + ground.job,
      "--nodes=" + std::to_string(plan.workload.nodes),
      "--spares=" + std::to_string(plan.workload.spares),
      kRestartsMax,
      kSessionTime,
      "--log-level=info",
      "--events=" + ground.folder + "/events",
      ground.endpoints.empty() ? "--listen-coordinator=127.0.0.1:0"
                               : "--coordinator=" + ground.endpoints};
  Append(line, Credentials(ground, 0));
  Append(line, Settings(plan, ground.result()));
  return line;
}

test::Surroundings SurroundingsOf(const Ground& ground) {
  return {.output = ground.output(),
          .errors = ground.errors(),
          .environment = {MarkOf(ground.job),
                          "XDG_RUNTIME_DIR=" + ground.runtime_folder()}};
}

}  // namespace

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

LaunchedJob::LaunchedJob(const Plan& plan, const Ground& ground)
    : launcher_(RunLine(plan, ground), SurroundingsOf(ground)) {}

std::optional<int> LaunchedJob::Ended() {
  if (!code_ && launcher_.HasEnded()) code_ = launcher_.Wait();
  return code_;
}

SpreadJob::SpreadJob(const Plan& plan, const Ground& ground,
                     const HostNetwork& network)
    : plan_(plan), ground_(ground), network_(network) {
  std::ofstream(ground_.folder + "/token") << "storm-" << plan.seed;
  const Workload& work = plan.workload;
  for (int i = 0; i < work.controllers; ++i) {
    chairs_.push_back({true, i % plan.setting.hosts, i});
  }
  for (int host = 0; host < plan.setting.hosts; ++host) {
    for (int i = 0; i < work.nodes; ++i) chairs_.push_back({false, host, i});
  }
  for (Chair& chair : chairs_) Seat(chair);
}

void SpreadJob::Seat(Chair& chair) {
  chair.id = PrefixOf(chair.host) + (chair.is_controller ? "c" : "n") +
             std::to_string(chair.number) + "-" + std::to_string(++chair.lives);
  std::vector<std::string> line = network_.EntranceTo(chair.host);
  Append(line, CommandLine(chair));
  test::Surroundings surroundings = SurroundingsOf(ground_);
  surroundings.errors = ground_.folder + "/" + chair.id + ".log";
  chair.process = std::make_unique<test::Program>(line, surroundings);
}

std::vector<std::string> SpreadJob::CommandLine(const Chair& chair) const {
  std::vector<std::string> line = {
      ground_.app,
      chair.is_controller ? "controller" : "node",
      "--name=" + ground_.job,
      "--node-id=" + chair.id,
      "--host=host" + std::to_string(chair.host),
      "--coordinator=" + ground_.endpoints,
      "--listen=tcp:" + network_.AddressOf(chair.host) + ":0",
      "--token-file=" + ground_.folder + "/token",
      "--log-level=info",
      "--wait=0s"};
  if (ground_.tls.empty()) line.emplace_back("--insecure");
  Append(line, Credentials(ground_, chair.host));
  if (!chair.is_controller) {
    line.emplace_back(kSlots);
    return line;
  }
  const int nodes = plan_.setting.hosts * plan_.workload.nodes;
  Append(line, {kSessionTime, "--nodes-expected=" + std::to_string(nodes),
                "--events=" + ground_.folder + "/events-" + chair.id});
  Append(line, Settings(plan_, ground_.result()));
  return line;
}

void SpreadJob::Tend() {
  for (Chair& chair : chairs_) {
    if (!chair.process || !chair.process->HasEnded()) continue;
    const int code = chair.process->Wait();
    chair.process.reset();
    if (code < kSignalCode) {
      Left(chair, code);
    } else if (!code_) {  // Once somebody has left it is over.
      Seat(chair);
    }
  }
}

void SpreadJob::Left(Chair& chair, int code) {
  if (!code_) code_ = code;
  if (code != *code_) {
    complaints_.push_back(chair.id + " ended with code " +
                          std::to_string(code) + ", another with " +
                          std::to_string(*code_));
  }
}

std::optional<int> SpreadJob::Ended() {
  for (const Chair& chair : chairs_) {
    if (chair.process) return std::nullopt;
  }
  return code_;
}

Reference Undisturbed(const Plan& plan, const Ground& ground) {
  const std::string result = ground.folder + "/undisturbed";
  std::vector<std::string> line = {ground.app, "run", "--quiet", "--nodes=0",
                                   "--log-level=error"};
  Append(line, Settings(plan, result));
  const auto outcome = test::RunCommand(line);
  if (outcome.exit_code != 0) {
    throw std::runtime_error("the job fails even undisturbed: " +
                             outcome.output);
  }
  return {outcome.output, ReadFile(result)};
}

}  // namespace taskgraph::storm
