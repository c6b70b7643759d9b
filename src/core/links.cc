// SPDX-License-Identifier: Apache-2.0
#include "core/links.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <set>

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
  std::set<TaskId> seen;
  for (TaskId neighbor : neighbors) {
    if (neighbor >= tasks_) {
      return BadTopology(link, task, epoch,
                         "names task " + std::to_string(neighbor) +
                             ", but the job has " + TaskRange(tasks_) + ",");
    }
    if (!seen.insert(neighbor).second) {
      return BadTopology(link, task, epoch,
                         "names task " + std::to_string(neighbor) + " twice");
    }
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

bool Links::HasLink(TaskId task, TaskId other, Epoch epoch) const {
  return std::any_of(links_.begin(), links_.end(), [&](const Link& link) {
    const Result<TaskList> neighbors = Ask(link, task, epoch);
    return neighbors &&
           std::count(neighbors->begin(), neighbors->end(), other) > 0;
  });
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
