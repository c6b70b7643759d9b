// SPDX-License-Identifier: Apache-2.0
#include "storm/vigil.h"

#include <algorithm>

namespace taskgraph::storm {
namespace {

using Json = nlohmann::json;

// As src/job/chronicle.cc has it.
constexpr char kSessionEnded[] = "its session at the coordinator ended";

}  // namespace

std::string AlarmReader::Read(const Json& event) {
  const std::string what = event.at("event");
  if (what == "epoch") epoch_ = event.at("epoch");
  if (what == "took_over") return "promotion";
  if (what == "task_failed") return "task failed";
  if (what == "backups") return ReadBackups(event);
  if (what == "node_started" && ++started_ > nodes_) return "node replaced";
  if (what == "node_joined" && !joined_.insert(event.at("node")).second) {
    return "node came back";
  }
  if (what == "node_lost") {
    return event.at("reason") == kSessionEnded ? "session lost"
                                               : "suspicion confirmed";
  }
  if (what == "assigned" && event.at("incarnation") != 1) {
    return "loss of state";
  }
  return {};
}

// A backup that was in-sync stays so.
std::string AlarmReader::ReadBackups(const Json& event) {
  const std::set<std::string> now = event.at("nodes");
  auto& before = backups_[event.at("task")];
  const bool all_there = std::ranges::includes(now, before);
  before = now;
  return all_there ? "" : "backup given up";
}

std::vector<FalseAlarm> Vigil::Look() {
  std::vector<FalseAlarm> alarms;
  std::ifstream file(path_, std::ios::binary);
  file.seekg(seen_);
  for (std::string line; std::getline(file, line) && !file.eof();) {
    seen_ += static_cast<std::streamoff>(line.size()) + 1;
    const Json event = Json::parse(line, nullptr, false);
    if (event.is_discarded()) continue;
    const std::string kind = reader_.Read(event);
    if (!kind.empty()) alarms.push_back({kind, line});
  }
  return alarms;
}

}  // namespace taskgraph::storm
