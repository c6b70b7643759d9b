// SPDX-License-Identifier: Apache-2.0
#include "storm/records.h"

#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

namespace taskgraph::storm {
namespace {

using Json = nlohmann::json;

constexpr char kTasks[] = "tasks/";
constexpr char kAssignment[] = "/assignment";
constexpr char kNodes[] = "nodes/";

TaskRecord TaskOf(const Json& value) {
  return {value.at("primary"), value.at("backups"), value.at("incarnation")};
}

void Take(const std::string& key, const Json& value, Records& records) {
  if (key == "clock") records.epoch = value.at("epoch");
  if (key == "controller") records.has_controller = true;
  if (key == "status") {
    records.end = EndRecord{value.at("code"), value.at("message")};
  }
  if (key.starts_with(kNodes)) {
    records.nodes.insert(key.substr(std::size(kNodes) - 1));
  }
  if (key.starts_with(kTasks) && key.ends_with(kAssignment)) {
    records.tasks[std::stoi(key.substr(std::size(kTasks) - 1))] = TaskOf(value);
  }
}

}  // namespace

Records ParseRecords(const std::string& text, const std::string& prefix) {
  Records records;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(prefix)) continue;  // The tool's own warnings.
    const std::string key = line.substr(prefix.size());
    records.keys.push_back(key);
    std::getline(lines, line);
    try {
      Take(key, Json::parse(line), records);
    } catch (const Json::exception& error) {
      throw std::runtime_error("the coordinator has at " + key + ": " + line +
                               " (" + error.what() + ")");
    }
  }
  return records;
}

}  // namespace taskgraph::storm
