// SPDX-License-Identifier: Apache-2.0
#include "resources/endless_job.h"

#include <signal.h>

#include <algorithm>

#include "resources/heap_meter.h"

namespace taskgraph::test {
namespace {

std::vector<std::string> Arguments(const std::string& endpoint,
                                   std::uint64_t requests, std::uint64_t window,
                                   const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {
      "--nodes=6",
      "--spares=2",
      "--slots=1",
      "--restarts-max=1000000",
      "--quiet",
      "--config=requests=" + std::to_string(requests),
      "--config=window=" + std::to_string(window)};
  arguments.push_back(endpoint.empty() ? "--listen-coordinator=127.0.0.1:0"
                                       : "--coordinator=" + endpoint);
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// Of the embedded coordinator, as the launcher says it.
std::string EndpointIn(const std::string& output) {
  const std::string mark = "--endpoints ";
  const std::size_t begin = output.find(mark);
  if (begin == std::string::npos) return {};
  const std::size_t from = begin + mark.size();
  return output.substr(from, output.find(' ', from) - from);
}

}  // namespace

EndlessJob::EndlessJob(const std::string& endpoint,
                       std::uint64_t requests_per_epoch, std::uint64_t window,
                       const std::vector<std::string>& more)
    : meter_folder_(folder_.path().string()),
      app_(Arguments(endpoint, requests_per_epoch, window, more),
           {std::string(kHeapMeterFolder) + "=" + meter_folder_,
            // What threads keep for themselves would count as in use.
            "GLIBC_TUNABLES=glibc.malloc.tcache_count=0"},
           ENDLESS_APP),
      endpoint_(endpoint) {}

bool EndlessJob::WaitUntil(const std::function<bool()>& reached) {
  while (!reached()) {
    const nlohmann::json event = app_.AnyEvent();
    if (event.is_null()) return false;
    Take(event);
  }
  return true;
}

void EndlessJob::Take(const nlohmann::json& event) {
  const std::string name = event.at("event");
  if (name == "node_started") {
    pids_[event.at("node")] = event.at("pid");
  } else if (name == "node_lost") {
    pids_.erase(event.at("node").get<std::string>());
    joined_.erase(event.at("node").get<std::string>());
  } else if (name == "node_joined") {
    joined_.insert(event.at("node").get<std::string>());
  } else if (name == "epoch") {
    epoch_ = event.at("epoch");
  } else if (name == "assigned") {
    Place& place = places_[event.at("task")];
    place.primary = event.at("node");
    place.term = event.at("term");
  } else if (name == "backups") {
    const auto nodes = event.at("nodes").get<std::vector<std::string>>();
    places_[event.at("task")].backups = nodes;
  } else if (name == "ended") {
    ended_ = true;
  }
}

bool EndlessJob::IsWhole() const {
  const auto lives = [&](const std::string& node) {
    return pids_.contains(node);
  };
  for (std::uint64_t task = 0; task < 4; ++task) {
    const auto found = places_.find(task);
    if (found == places_.end() || !lives(found->second.primary)) return false;
    const auto& backups = found->second.backups;
    const bool wants_one = task == 1 || task == 2;
    if (wants_one && (backups.empty() ||
                      !std::all_of(backups.begin(), backups.end(), lives))) {
      return false;
    }
  }
  return true;
}

bool EndlessJob::WaitUntilWhole() {
  const bool whole = WaitUntil([this] { return IsWhole() && epoch_ > 0; });
  if (endpoint_.empty()) endpoint_ = EndpointIn(app_.Output());
  return whole && !endpoint_.empty();
}

bool EndlessJob::WaitForEpoch(std::uint64_t epoch) {
  return WaitUntil([&] { return epoch_ >= epoch; });
}

bool EndlessJob::KillBoth() {
  const Place one = places_.at(1);
  const Place two = places_.at(2);
  ::kill(pids_.at(one.primary), SIGKILL);
  ::kill(pids_.at(two.backups.front()), SIGKILL);
  return WaitUntil([&] {
    return IsWhole() && places_.at(1).term > one.term &&
           places_.at(2).backups != two.backups;
  });
}

pid_t EndlessJob::NodeOf(std::uint64_t task) const {
  return pids_.at(places_.at(task).primary);
}

void EndlessJob::KillNodeOf(std::uint64_t task) const {
  ::kill(NodeOf(task), SIGKILL);
}

bool EndlessJob::WaitForNodes(std::size_t count) {
  return WaitUntil([&] { return joined_.size() == count && IsWhole(); });
}

int EndlessJob::End() {
  app_.Signal(SIGINT);
  // Whoever writes events must not wait for who reads them.
  WaitUntil([this] { return ended_; });
  return app_.Wait();
}

std::map<std::string, pid_t> EndlessJob::survivors() const {
  return {{"the launcher", app_.pid()},
          {"task 0's node", pids_.at(places_.at(0).primary)},
          {"task 2's node", pids_.at(places_.at(2).primary)}};
}

std::int64_t EndlessJob::private_files() const {
  return app_.CountPrivateFiles();
}

}  // namespace taskgraph::test
