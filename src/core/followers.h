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

#include <set>
#include <vector>

#include "core/vocabulary.h"

namespace taskgraph::core {

class Followers {
 public:
  explicit Followers(TaskId tasks) : of_(tasks) {}

  void Follow(TaskId task, ReplicaId replica) { of_[task].insert(replica); }

  // Those that follow `task`, and may be gone already.
  const std::set<ReplicaId>& of(TaskId task) const { return of_[task]; }

  void Forget(TaskId task, ReplicaId replica) { of_[task].erase(replica); }

 private:
  std::vector<std::set<ReplicaId>> of_;
};

}  // namespace taskgraph::core
