// SPDX-License-Identifier: Apache-2.0
//
// Followers: which replicas of this node must hear of a change of which
// assignment.
//
// Intuition: with ten thousand tasks in one process, a change of one must not
// be told to all of them.
//
// Pure. Not thread-safe; owned by NodeCore.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "core/vocabulary.h"

namespace taskgraph::core {

class Followers {
 public:
  explicit Followers(TaskId tasks) : of_(tasks) {}

  void Follow(TaskId task, ReplicaId replica) {
    if (of_[task].insert(replica).second) followed_[replica].push_back(task);
  }

  // Those that follow `task`.
  const std::set<ReplicaId>& of(TaskId task) const { return of_[task]; }

  // It follows nobody any more.
  void Forget(ReplicaId replica) {
    const auto followed = followed_.extract(replica);
    if (!followed) return;
    for (TaskId task : followed.mapped()) of_[task].erase(replica);
  }

 private:
  std::vector<std::set<ReplicaId>> of_;
  std::map<ReplicaId, std::vector<TaskId>> followed_;
};

}  // namespace taskgraph::core
