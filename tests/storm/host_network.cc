// SPDX-License-Identifier: Apache-2.0
#include "storm/host_network.h"

#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "support/command.h"
#include "support/program.h"

namespace taskgraph::storm {
namespace {

using test::RunCommand;
using test::Tool;

constexpr char kFamily[] = "storm-";     // Of the names of namespaces.
constexpr char kNetwork[] = "10.77.0.";  // Nobody outside sees it.
constexpr int kFirstAddress = 10;
constexpr int kSwitchAddress = 250;

// `line` without quotes; the first word is looked for as a tool.
std::vector<std::string> Words(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  words[0] = Tool(words[0]);
  return words;
}

void Do(const std::string& line, const std::string& input = {}) {
  const auto outcome = RunCommand(Words(line), input);
  if (outcome.exit_code != 0) {
    throw std::runtime_error(line + ": " + outcome.output);
  }
}

// What may have been done already.
void Try(const std::string& line) { RunCommand(Words(line)); }

void InNamespace(const std::string& name, const std::string& line,
                 const std::string& input = {}) {
  Do("ip netns exec " + name + " " + line, input);
}

// One table for each host; its sets and chains are what harms change.
constexpr char kFilter[] = R"(
table ip storm {
  set cut { type ipv4_addr; }
  chain arrivals {
    type filter hook input priority 0;
    ip saddr @cut drop
    jump lossy
  }
  chain lossy { }
}
)";

// The namespaces of a storm are named by its process.
void SweepOut() {
  std::error_code ignored;
  for (const auto& entry :
       std::filesystem::directory_iterator("/run/netns", ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kFamily)) continue;
    const int pid = std::atoi(name.c_str() + std::size(kFamily) - 1);
    if (pid > 0 && ::kill(pid, 0) != 0) Try("ip netns delete " + name);
  }
}

}  // namespace

std::string HostNetwork::WhyNot() {
  if (::geteuid() != 0) return "only root can make network namespaces";
  for (const char* tool : {"ip", "nft", "tc"}) {
    if (Tool(tool).empty()) {
      return std::string("there is no ") + tool + "; scripts/setup installs it";
    }
  }
  const std::string probe = kFamily + std::to_string(::getpid()) + "-probe";
  const auto made = RunCommand(Words("ip netns add " + probe));
  if (made.exit_code != 0) return made.output;
  const auto filtered =
      RunCommand(Words("ip netns exec " + probe + " nft -f -"), kFilter);
  Try("ip netns delete " + probe);
  return filtered.exit_code == 0 ? std::string() : filtered.output;
}

HostNetwork::HostNetwork(int count)
    : size_(count), prefix_(kFamily + std::to_string(::getpid()) + "-") {
  SweepOut();
  const std::string hub = prefix_ + "switch";
  Do("ip netns add " + hub);
  Do("ip -n " + hub + " link add br0 type bridge");
  Do("ip -n " + hub + " addr add " + kNetwork + std::to_string(kSwitchAddress) +
     "/24 dev br0");
  Do("ip -n " + hub + " link set br0 up");
  for (int host = 0; host < size_; ++host) Connect(host);
}

void HostNetwork::Connect(int host) {
  const std::string name = NamespaceOf(host);
  const std::string hub = prefix_ + "switch";
  const std::string port = "port" + std::to_string(host);
  Do("ip netns add " + name);
  Do("ip link add eth0 netns " + name + " type veth peer name " + port +
     " netns " + hub);
  Do("ip -n " + hub + " link set " + port + " master br0 up");
  Do("ip -n " + name + " link set lo up");
  Do("ip -n " + name + " addr add " + AddressOf(host) + "/24 dev eth0");
  Do("ip -n " + name + " link set eth0 up");
  InNamespace(name, "nft -f -", kFilter);
}

HostNetwork::~HostNetwork() {
  for (int host = 0; host < size_; ++host) {
    Try("ip netns delete " + NamespaceOf(host));
  }
  Try("ip netns delete " + prefix_ + "switch");
}

std::string HostNetwork::NamespaceOf(int host) const {
  return prefix_ + "host" + std::to_string(host);
}

std::string HostNetwork::AddressOf(int host) const {
  return kNetwork + std::to_string(kFirstAddress + host);
}

std::vector<std::string> HostNetwork::EntranceTo(int host) const {
  return {Tool("ip"), "netns", "exec", NamespaceOf(host)};
}

std::vector<std::string> HostNetwork::EntranceToSwitch() const {
  return {Tool("ip"), "netns", "exec", prefix_ + "switch"};
}

void HostNetwork::Cut(int from, int to) {
  InNamespace(NamespaceOf(to), "nft -f -",
              "add element ip storm cut { " + AddressOf(from) + " }");
}

void HostNetwork::Mend(int from, int to) {
  // Of two cuts of the same the first to be mended mends both.
  Try("ip netns exec " + NamespaceOf(to) +
      " nft delete element ip storm cut { " + AddressOf(from) + " }");
}

void HostNetwork::TakeLinkDown(int host) {
  Do("ip -n " + NamespaceOf(host) + " link set eth0 down");
}

void HostNetwork::BringLinkUp(int host) {
  Do("ip -n " + NamespaceOf(host) + " link set eth0 up");
}

void HostNetwork::Lose(int host, int percent) {
  std::string rules = "flush chain ip storm lossy\n";
  if (percent > 0) {
    rules += "add rule ip storm lossy numgen random mod 100 <= " +
             std::to_string(percent - 1) + " drop\n";
  }
  InNamespace(NamespaceOf(host), "nft -f -", rules);
}

void HostNetwork::Narrow(int host, int kbit_per_s) {
  const std::string on = "tc -n " + NamespaceOf(host) + " qdisc ";
  if (kbit_per_s == 0) return Try(on + "del dev eth0 root");
  Do(on + "replace dev eth0 root tbf rate " + std::to_string(kbit_per_s) +
     "kbit burst 16kb latency 300ms");
}

void HostNetwork::Divert(int host, int hosts, int port) {
  std::string others;
  for (int other = 0; other < hosts; ++other) {
    if (other == host) continue;
    others += (others.empty() ? "" : ", ") + AddressOf(other);
  }
  InNamespace(NamespaceOf(host), "nft -f -",
              "table ip storm_divert {\n"
              "  chain departures {\n"
              "    type nat hook output priority -100;\n"
              "    meta mark " +
                  std::to_string(kProxyMark) +
                  " accept\n"
                  "    ip daddr { " +
                  others +
                  " } tcp dport != 0 "
                  "redirect to :" +
                  std::to_string(port) +
                  "\n"
                  "  }\n"
                  "}\n");
}

}  // namespace taskgraph::storm
