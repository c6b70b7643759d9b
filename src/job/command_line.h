// SPDX-License-Identifier: Apache-2.0
//
// The command line that all applications share: what the user wants, checked
// and complete. Flags override the environment, which overrides defaults.
//
// Reads the environment and the number of cores; pure otherwise.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "job/logging.h"
#include "taskgraph/job.h"
#include "taskgraph/tls_files.h"

namespace taskgraph::job {

// How long to wait for a coordinator, and for the job to be there.
inline constexpr Duration kDefaultWait = std::chrono::seconds(30);

// Everything on this machine.
struct RunCommand {
  std::uint32_t nodes = 1;  // Processes; 0: all in this one.
  std::uint32_t slots = 1;  // Tasks a node takes.
  std::uint32_t spares = 0;
  Duration busy_poll{};
  std::vector<std::string> coordinator;  // Empty: the embedded one.
  std::string listen_coordinator;        // Also there; empty: nowhere else.
  std::string events_file;
  std::string token_file;  // Empty: the job gets a random token.
  std::uint32_t restarts_max = 100;
  bool quiet = false;
  Duration wait = kDefaultWait;
};

// One node of a job that is coordinated elsewhere.
struct NodeCommand {
  std::vector<std::string> coordinator;
  std::string token_file;
  std::string node_id;
  std::string host;
  std::uint32_t slots = 1;
  std::uint32_t reserve = 0;
  std::vector<std::string> listen;
  Duration busy_poll{};
  std::string instance;
  Duration wait = kDefaultWait;
};

// One controller, elected among its like.
struct ControllerCommand {
  std::vector<std::string> coordinator;
  std::string token_file;
  std::string node_id;
  std::string host;
  std::uint32_t nodes_expected = 1;
  std::vector<std::string> listen;
  std::string events_file;
  Duration wait = kDefaultWait;
};

// Whom this process trusts, and what proves who it is itself.
struct Security {
  TlsFiles tls;  // Empty: no TLS.
  bool insecure = false;
  std::string user;  // At etcd; empty: none.
  std::string password_file;
};

// Nothing to do but to print: on stdout if `code` is 0, else on stderr.
struct PrintText {
  int code = 0;
  std::string text;
};

struct CommandLine {
  std::variant<RunCommand, NodeCommand, ControllerCommand, PrintText> command;
  Job job;        // With the name, the number of tasks and the options wanted.
  Config config;  // All declared keys.
  LogOptions log;
  Security security;
};

CommandLine ParseCommandLine(const Job& job, int argc, const char* const* argv);

}  // namespace taskgraph::job
