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

// All that are in any of `lists`, each once.
TaskList Sorted(const NeighborLists& lists) {
  TaskList all;
  for (const auto& [link, neighbors] : lists) {
    all.insert(all.end(), neighbors.begin(), neighbors.end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
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

Result<SharedLists> Links::Neighbors(TaskId task, Epoch epoch,
                                     const SharedLists& before) const {
  NeighborLists lists;
  for (const Link& link : links_) {
    Result<TaskList> neighbors = Ask(link, task, epoch);
    if (!neighbors) return neighbors.error();
    lists.emplace(link.type, std::move(neighbors).value());
  }
  if (before != nullptr && lists == *before) return before;
  return SharedLists(std::make_shared<NeighborLists>(std::move(lists)));
}

TaskList Links::SortedNeighbors(TaskId task, Epoch epoch) const {
  const Result<SharedLists> lists = Neighbors(task, epoch);
  return lists ? Sorted(**lists) : TaskList{};
}

bool Links::HasLink(TaskId task, TaskId other, Epoch epoch) const {
  const TaskList neighbors = SortedNeighbors(task, epoch);
  return std::binary_search(neighbors.begin(), neighbors.end(), other);
}

// For `epoch`, unless a later one is known.
std::optional<Error> LinkIndex::Ask(TaskId task, Epoch epoch) {
  Known& known = known_[task];
  if (known.lists != nullptr && epoch <= known.epoch) return {};
  Result<SharedLists> lists = links_.Neighbors(task, epoch, known.lists);
  if (!lists) return lists.error();
  known.epoch = epoch;
  if (*lists == known.lists) return {};
  known.lists = std::move(lists).value();
  known.sorted.reset();
  return {};
}

Result<SharedLists> LinkIndex::Neighbors(TaskId task, Epoch epoch) {
  if (auto mistake = Ask(task, epoch)) return *std::move(mistake);
  const Known& known = known_[task];
  // Some replica is behind, for the length of a turn.
  if (epoch < known.epoch) return links_.Neighbors(task, epoch);
  return known.lists;
}

bool LinkIndex::HasLink(TaskId task, TaskId other, Epoch epoch) {
  if (Ask(task, epoch)) return false;
  Known& known = known_[task];
  if (epoch < known.epoch) return links_.HasLink(task, other, epoch);
  if (!known.sorted) known.sorted = Sorted(*known.lists);
  return std::binary_search(known.sorted->begin(), known.sorted->end(), other);
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
