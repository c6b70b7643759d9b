// SPDX-License-Identifier: Apache-2.0
#include "core/links.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>

namespace taskgraph::core {
namespace {

// Tasks and epochs that a fingerprint looks at.
constexpr TaskId kFingerprintTasks = 64;
constexpr Epoch kFingerprintEpochs = 3;

Error BadTopology(const Link& link, TaskId task, Epoch epoch,
                  std::string what) {
  return Error{ErrorCode::kInvalidArgument,
               "the topology of link type '" + link.type + "' " +
                   std::move(what) + " for task " + std::to_string(task) +
                   " in epoch " + std::to_string(epoch)};
}

std::string TaskRange(TaskId tasks) {
  return tasks == 1 ? "only task 0" : "tasks 0.." + std::to_string(tasks - 1);
}

// FNV-1a, to keep a fingerprint short; no defense against anyone.
std::uint64_t Mix(std::uint64_t hash, std::uint64_t value) {
  return (hash ^ value) * 0x100000001b3ULL;
}

}  // namespace

Result<TaskList> Links::Ask(const Link& link, TaskId task, Epoch epoch) const {
  TaskList neighbors;
  try {
    neighbors = link.topology(task, epoch, tasks_);
  } catch (const std::exception& error) {
    return BadTopology(link, task, epoch,
                       "threw '" + std::string(error.what()) + "'");
  } catch (...) {
    return BadTopology(link, task, epoch, "threw something unknown");
  }
  // In rising order, as most are, they need no look at each pair.
  const bool rising =
      std::adjacent_find(neighbors.begin(), neighbors.end(),
                         std::greater_equal<>()) == neighbors.end();
  if (neighbors.empty() || (rising && neighbors.back() < tasks_)) {
    return neighbors;
  }
  TaskList sorted = neighbors;
  std::sort(sorted.begin(), sorted.end());
  if (sorted.back() >= tasks_) {
    return BadTopology(link, task, epoch,
                       "names task " + std::to_string(sorted.back()) +
                           ", but the job has " + TaskRange(tasks_) + ",");
  }
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) {
    return BadTopology(link, task, epoch,
                       "names task " + std::to_string(*twice) + " twice");
  }
  return neighbors;
}

Result<std::shared_ptr<const NeighborLists>> Links::Neighbors(
    TaskId task, Epoch epoch) const {
  auto lists = std::make_shared<NeighborLists>();
  for (const Link& link : links_) {
    Result<TaskList> neighbors = Ask(link, task, epoch);
    if (!neighbors) return neighbors.error();
    lists->emplace(link.type, std::move(neighbors).value());
  }
  return std::shared_ptr<const NeighborLists>(std::move(lists));
}

TaskList Links::SortedNeighbors(TaskId task, Epoch epoch) const {
  TaskList all;
  for (const Link& link : links_) {
    const Result<TaskList> neighbors = Ask(link, task, epoch);
    if (neighbors) all.insert(all.end(), neighbors->begin(), neighbors->end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

bool Links::HasLink(TaskId task, TaskId other, Epoch epoch) const {
  const TaskList neighbors = SortedNeighbors(task, epoch);
  return std::binary_search(neighbors.begin(), neighbors.end(), other);
}

bool LinkIndex::HasLink(TaskId task, TaskId other, Epoch epoch) {
  Known& known = known_[task];
  if (known.neighbors.empty() || epoch > known.epoch) {
    known = {epoch, links_.SortedNeighbors(task, epoch)};
  }
  // Some replica is behind, for the length of a turn.
  if (epoch < known.epoch) return links_.HasLink(task, other, epoch);
  return std::binary_search(known.neighbors.begin(), known.neighbors.end(),
                            other);
}

std::string Links::Fingerprint() const {
  std::string text;
  for (const Link& link : links_) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (Epoch epoch = 0; epoch < kFingerprintEpochs; ++epoch) {
      for (TaskId task = 0; task < std::min(tasks_, kFingerprintTasks);
           ++task) {
        const Result<TaskList> neighbors = Ask(link, task, epoch);
        if (!neighbors) continue;
        hash = Mix(hash, neighbors->size());
        for (TaskId neighbor : *neighbors) hash = Mix(hash, neighbor + 1);
      }
    }
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx",
                  static_cast<unsigned long long>(hash));
    text += (text.empty() ? "" : " ") + link.type + ":" + digits;
  }
  return text;
}

}  // namespace taskgraph::core
