// SPDX-License-Identifier: Apache-2.0
#include "resources/usage.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "resources/heap_meter.h"
#include "support/command.h"

namespace taskgraph::test {
namespace {

namespace fs = std::filesystem;

std::string Process(pid_t pid) { return "/proc/" + std::to_string(pid); }

std::int64_t EntriesIn(const std::string& folder) {
  std::error_code gone;
  return std::distance(fs::directory_iterator(folder, gone), {});
}

// The number behind `name` in a text of names and numbers.
std::int64_t NumberBehind(const std::string& name, const std::string& text) {
  const std::size_t at = text.find(name);
  return at == std::string::npos ? 0
                                 : std::atoll(text.c_str() + at + name.size());
}

std::string Etcdctl(const std::string& endpoint,
                    std::vector<std::string> command) {
  command.insert(command.begin(),
                 {"/usr/bin/etcdctl", "--endpoints=" + endpoint});
  return RunCommand(command, {}, {"ETCDCTL_API=3"}).output;
}

}  // namespace

Usage UsageOf(pid_t pid, const std::string& meter_folder) {
  Usage usage;
  usage.heap_bytes = HeapBytes(meter_folder, pid).value_or(0);
  std::stringstream pages;
  pages << std::ifstream(Process(pid) + "/smaps_rollup").rdbuf();
  usage.dirty_bytes = NumberBehind("Private_Dirty:", pages.str()) * 1024;
  usage.descriptors = EntriesIn(Process(pid) + "/fd");
  usage.threads = EntriesIn(Process(pid) + "/task");
  return usage;
}

double CpuSecondsOf(pid_t pid) {
  std::stringstream text;
  text << std::ifstream(Process(pid) + "/stat").rdbuf();
  const std::string stat = text.str();
  std::istringstream fields(stat.substr(stat.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

StoreUsage UsageOfStore(const std::string& endpoint) {
  const std::string all =
      Etcdctl(endpoint, {"get", "", "--from-key", "--keys-only", "-w=json"});
  Etcdctl(endpoint,
          {"compact", std::to_string(NumberBehind("\"revision\":", all))});
  return {NumberBehind("\"count\":", all),
          NumberBehind("found ", Etcdctl(endpoint, {"lease", "list"}))};
}

}  // namespace taskgraph::test
