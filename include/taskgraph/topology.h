// SPDX-License-Identifier: Apache-2.0
//
// Topology: who is whose neighbor, on one link type, in one epoch.
//
// A topology is a pure function: equal arguments give equal neighbors, on every
// node and at any time. The framework calls it for any task and any epoch, from
// any thread. Neighbors come in the order in which metas go out; a task that
// does not exist, or the same one twice, is an error that ends the job with its
// name.
#pragma once

#include <concepts>
#include <functional>
#include <utility>
#include <vector>

#include "taskgraph/types.h"

namespace taskgraph {

using TaskList = std::vector<TaskId>;

class Topology {
 public:
  // A function of (task, epoch, number of tasks) or of (task, epoch).
  template <typename F>
  requires std::convertible_to<std::invoke_result_t<F, TaskId, Epoch, TaskId>,
                               TaskList>
  Topology(F neighbors)  // NOLINT: implicit, so that a lambda is a topology.
      : neighbors_(std::move(neighbors)) {}

  template <typename F>
  requires std::convertible_to<std::invoke_result_t<F, TaskId, Epoch>, TaskList>
  Topology(F neighbors)  // NOLINT: implicit, so that a lambda is a topology.
      : neighbors_(
            [f = std::move(neighbors)](TaskId task, Epoch epoch, TaskId) {
              return f(task, epoch);
            }) {}

  TaskList operator()(TaskId task, Epoch epoch, TaskId tasks) const {
    return neighbors_(task, epoch, tasks);
  }

 private:
  std::function<TaskList(TaskId, Epoch, TaskId)> neighbors_;
};

// A tree with task 0 as its root: the parent of i is (i - 1) / fanout. `fanout`
// >= 1; 0 is a mistake in the job's declaration (see Job).
Topology TreeParents(TaskId fanout);
Topology TreeChildren(TaskId fanout);

// Every task, this one included.
Topology FullMesh();

// The next task, the last one's being the first.
Topology Ring();

// Task 0 sees all the others; the others see only task 0.
Topology Star();

// Task 0 alone, for every task, task 0 included.
Topology ToMaster();

}  // namespace taskgraph
