// SPDX-License-Identifier: Apache-2.0
#include "sim/interest.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace taskgraph::sim {

using coordination::Change;

Interest::Interest(const std::string& job, core::NodeId self,
                   const core::Links& links)
    : keys_(job), self_(std::move(self)), links_(links) {}

bool Interest::Wants(const std::string& key) const {
  if (wanted_.contains(key)) return true;
  if (const auto node = keys_.RegisteredNode(key)) return *node == self_;
  return !key.starts_with(keys_.root() + "tasks/");  // Few, and for everybody.
}

// Without decoding the records of all others.
bool Interest::Names(const std::string& text) const {
  return text.find('"' + self_ + '"') != std::string::npos;
}

void Interest::Note(const std::vector<Change>& changes) {
  bool chosen_anew = false;
  for (const auto& [kind, current] : changes) {
    if (current.key == keys_.epoch()) {
      const auto clock = coordination::DecodeEpoch(current.value);
      if (clock && clock->epoch > epoch_) {
        epoch_ = clock->epoch;
        chosen_anew = true;
      }
      continue;
    }
    const std::optional<TaskId> task = keys_.AssignedTask(current.key);
    if (!task || kind != Change::Kind::kPut) continue;
    const bool mine = Names(current.value);
    if (!mine && !wanted_.contains(current.key)) continue;
    auto record = coordination::DecodeAssignment(current.value);
    if (!record) continue;
    records_[*task] = std::move(*record);
    if (mine) {
      hosted_.insert(*task);
    } else {
      hosted_.erase(*task);
    }
    chosen_anew = true;
  }
  if (chosen_anew) Choose();
}

void Interest::Choose() {
  std::set<TaskId> tasks = hosted_;
  for (const TaskId task : hosted_) {
    const TaskList neighbors = links_.SortedNeighbors(task, epoch_);
    tasks.insert(neighbors.begin(), neighbors.end());
  }
  std::erase_if(records_, [&](const auto& entry) {
    return !tasks.contains(entry.first);
  });
  std::set<std::string> wanted;
  for (const TaskId task : tasks) wanted.insert(keys_.assignment(task));
  for (const auto& [task, record] : records_) {
    for (const core::NodeId& node : record.Replicas()) {
      wanted.insert(keys_.node(node));
    }
  }
  std::set_difference(wanted.begin(), wanted.end(), wanted_.begin(),
                      wanted_.end(), std::inserter(new_, new_.end()));
  wanted_ = std::move(wanted);
}

std::vector<std::string> Interest::TakeNew() {
  std::vector<std::string> fresh;
  for (const std::string& key : std::exchange(new_, {})) {
    if (wanted_.contains(key)) fresh.push_back(key);
  }
  return fresh;
}

}  // namespace taskgraph::sim
