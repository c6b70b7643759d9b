// SPDX-License-Identifier: Apache-2.0
#include "job/command_checks.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>
#include <numeric>

#include "runtime/duration_text.h"
#include "transport/address.h"

namespace taskgraph::job {
namespace {

// How many letters differ (Levenshtein 1966).
std::size_t Distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

// Where a server may listen.
bool IsPlace(const std::string& text) {
  if (text.starts_with("unix:")) return transport::ParseAddress(text).ok();
  const auto parsed = transport::ParseAddress("tcp:" + text);
  if (!parsed) return false;
  // An IPv6 address without brackets would come out with them.
  const auto* tcp = std::get_if<transport::TcpAddress>(&*parsed);
  return tcp != nullptr && transport::Format(*tcp) == "tcp:" + text;
}

bool IsLoopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

// UsageError, if other machines can reach `address` and read what is said.
void CheckReach(const char* option, const transport::Address& address,
                const Security& security) {
  const auto parsed = transport::ParseAddress(address);
  const auto* tcp = std::get_if<transport::TcpAddress>(&*parsed);
  if (tcp == nullptr || IsLoopback(tcp->host)) return;
  if (!security.tls.empty() || security.insecure) return;
  throw UsageError(std::string(option) + ": other machines reach " + tcp->host +
                   ", and could read all that is said there; give --tls-cert, "
                   "--tls-key and --tls-ca, or --insecure if only friends are "
                   "in that network");
}

}  // namespace

std::string VariableOf(const std::string& flag) {
  std::string variable = "TASKGRAPH_";
  for (const char c : flag.substr(2)) {
    variable += c == '-' ? '_' : static_cast<char>(std::toupper(c));
  }
  return variable;
}

std::string WrongNumber(const std::string& text, std::uint32_t min,
                        std::uint32_t max) {
  std::uint32_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && rest == end && number >= min && number <= max) {
    return {};
  }
  return "'" + text + "' is not a whole number from " + std::to_string(min) +
         " to " + std::to_string(max);
}

std::string WrongDuration(const std::string& text, Duration min) {
  const Result<Duration> duration = runtime::ParseDuration(text);
  if (!duration) return duration.error().message;
  if (*duration >= min) return {};
  return "'" + text + "' is too short; give " + runtime::FormatDuration(min) +
         " or more";
}

std::string WrongSessionTime(const std::string& text) {
  constexpr Duration kSecond = std::chrono::seconds(1);
  const Result<Duration> duration = runtime::ParseDuration(text);
  if (!duration) return duration.error().message;
  if (*duration >= kSecond && *duration % kSecond == Duration{}) return {};
  return "'" + text +
         "' is not a whole number of seconds from 1s (with --coordinator: 2s) "
         "to 8760h";
}

std::string WrongLogLevel(const std::string& text) {
  for (const char* level : kLogLevels) {
    if (text == level) return {};
  }
  return "'" + text + "' is none of debug, info, warning, error and off";
}

Config ReadSettings(const std::vector<std::string>& settings) {
  Config config;
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw UsageError("--config: '" + setting +
                       "' is not of the form KEY=VALUE");
    }
    config[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  return config;
}

std::vector<std::string> SplitAtCommas(const std::vector<std::string>& lists) {
  std::vector<std::string> parts;
  for (const std::string& list : lists) {
    for (std::size_t at = 0; at <= list.size();) {
      const std::size_t end = std::min(list.find(',', at), list.size());
      parts.push_back(list.substr(at, end - at));
      at = end + 1;
    }
  }
  return parts;
}

std::uint32_t SlotsNeeded(std::uint32_t nodes, std::uint64_t tasks) {
  const std::uint64_t slots = nodes == 0 ? tasks : (tasks + nodes - 1) / nodes;
  return static_cast<std::uint32_t>(slots);
}

std::uint32_t SlotsByDefault(std::uint32_t nodes, std::uint64_t tasks,
                             std::uint64_t replicas) {
  const bool has_backups = nodes > 0 && replicas > tasks;
  return SlotsNeeded(nodes, replicas) + (has_backups ? 1 : 0);
}

void CheckRun(const RunCommand& run, std::uint32_t tasks,
              const Security& security) {
  if (run.nodes == 0) return;
  if (!run.coordinator.empty() && !run.listen_coordinator.empty()) {
    throw UsageError(
        "--listen-coordinator is for the embedded coordinator; leave it or "
        "--coordinator away");
  }
  if (!run.listen_coordinator.empty() && !IsPlace(run.listen_coordinator)) {
    throw UsageError("--listen-coordinator: '" + run.listen_coordinator +
                     "' is neither HOST:PORT, with a port from 0 (any) to "
                     "65535, nor unix:PATH");
  }
  if (!run.listen_coordinator.empty() &&
      !run.listen_coordinator.starts_with("unix:")) {
    CheckReach("--listen-coordinator", "tcp:" + run.listen_coordinator,
               security);
  }
  const std::uint32_t needed = SlotsNeeded(run.nodes, tasks);
  if (run.slots >= needed) return;
  throw UsageError("--nodes " + std::to_string(run.nodes) + " with --slots " +
                   std::to_string(run.slots) + " have no room for " +
                   std::to_string(tasks) + " tasks; give --slots " +
                   std::to_string(needed) + " or more");
}

void CheckListen(const std::vector<std::string>& listen,
                 const Security& security) {
  for (const std::string& address : listen) {
    const auto parsed = transport::ParseAddress(address);
    if (!parsed) throw UsageError("--listen: " + parsed.error().message);
    if (std::holds_alternative<transport::InProcessAddress>(*parsed)) {
      throw UsageError("--listen: '" + address +
                       "' reaches nobody; write tcp:HOST:PORT or unix:PATH");
    }
    CheckReach("--listen", address, security);
  }
}

void CheckSecurity(const Security& security) {
  const TlsFiles& tls = security.tls;
  if (!tls.empty() &&
      (tls.certificate.empty() || tls.key.empty() || tls.authority.empty())) {
    throw UsageError(
        "--tls-cert, --tls-key and --tls-ca belong together; give all three");
  }
  if (security.user.empty() != security.password_file.empty()) {
    throw UsageError(
        "--etcd-user and --etcd-password-file belong together; give both");
  }
}

void CheckCoordinator(const std::vector<std::string>& coordinator,
                      const Security& security) {
  for (const std::string& endpoint : coordinator) {
    const bool is_sealed =
        !security.tls.empty() && !endpoint.starts_with("http://");
    if (endpoint.starts_with("https://") && !is_sealed) {
      throw UsageError("--coordinator: '" + endpoint +
                       "' needs certificates; give --tls-cert, --tls-key and "
                       "--tls-ca");
    }
    if (!security.user.empty() && !is_sealed && !security.insecure &&
        !endpoint.starts_with("unix:")) {
      throw UsageError("--etcd-user: the password would travel to '" +
                       endpoint +
                       "' in the clear; give --tls-cert, --tls-key and "
                       "--tls-ca, or --insecure if only friends are in that "
                       "network");
    }
  }
}

void CheckSession(const FailureOptions& failure,
                  const std::vector<std::string>& coordinator) {
  constexpr Duration kShortestOfEtcd = std::chrono::seconds(2);
  if (coordinator.empty() || failure.session_time >= kShortestOfEtcd) return;
  throw UsageError(
      "--session-time: " + runtime::FormatDuration(failure.session_time) +
      " is too short; etcd takes 2s or more");
}

std::string DescribeUnknown(const std::string& argument,
                            const std::vector<std::string>& known) {
  if (!argument.starts_with("-")) {
    return "nothing is expected at '" + argument + "'";
  }
  const std::string name = argument.substr(0, argument.find('='));
  std::string text = "there is no option '" + name + "'";
  const auto nearest = std::min_element(
      known.begin(), known.end(), [&](const auto& a, const auto& b) {
        return Distance(a, name) < Distance(b, name);
      });
  if (nearest != known.end() && Distance(*nearest, name) <= 2) {
    text += "; did you mean '" + *nearest + "'?";
  }
  return text;
}

std::string DescribeConfig(const Job& job) {
  if (job.config_keys().empty()) {
    return "This application has no keys for --config.";
  }
  std::string text = "Keys for --config, and their defaults:\n";
  for (const ConfigKey& key : job.config_keys()) {
    text += "  " + key.name + "=" + key.default_value + "\n      " + key.help +
            "\n";
  }
  return text;
}

std::string Version(const Job& job) {
  return job.name() + " (TaskGraph " TASKGRAPH_VERSION ")\n";
}

std::string Overview(const std::string& program, const Job& job) {
  return "Runs the job '" + job.name() + "' (" + std::to_string(job.tasks()) +
         " tasks).\nUsage: " + program + " [COMMAND] [OPTIONS]\n" + R"(
Commands; each has its own --help:
  run         run the whole job on this machine (the default)
  node        host tasks of a job that is coordinated by etcd
  controller  place the tasks of such a job on its nodes

Options:
  -h, --help  print this help and exit
  --version   print the version and exit
)";
}

PrintText Mistake(const std::string& program, std::string what) {
  std::replace(what.begin(), what.end(), '\n', ' ');
  while (!what.empty() && what.back() == ' ') what.pop_back();
  return {2, "taskgraph: " + what + " (see " + program + " --help)\n"};
}

}  // namespace taskgraph::job
