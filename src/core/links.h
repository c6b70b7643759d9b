// SPDX-License-Identifier: Apache-2.0
//
// Links: the job's topologies, checked whenever they are asked.
//
// Intuition: user code draws the map. A map that names a town that does not
// exist must not send anybody there, so every answer is checked before it is
// used (R13).
//
// Pure as far as the user's functions are.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/turn.h"
#include "taskgraph/error.h"
#include "taskgraph/job.h"
#include "taskgraph/types.h"

namespace taskgraph::core {

class Links {
 public:
  Links(std::vector<Link> links, TaskId tasks)
      : links_(std::move(links)), tasks_(tasks) {}

  TaskId tasks() const { return tasks_; }

  // All neighbors of `task` in `epoch`; `before` itself, if they are equal to
  // it. The error names the link type, the task, the epoch and what is wrong
  // with the topology's answer.
  Result<SharedLists> Neighbors(TaskId task, Epoch epoch,
                                const SharedLists& before = nullptr) const;

  // The same, whatever the link types, each once; none, if one of them is
  // wrong.
  TaskList SortedNeighbors(TaskId task, Epoch epoch) const;

  // Whether `task` has a link of any type to `other` in `epoch`.
  bool HasLink(TaskId task, TaskId other, Epoch epoch) const;

  // Equal on all nodes of a job: the link types, and the neighbors that some
  // tasks have in the first epochs, as text for people to compare.
  std::string Fingerprint() const;

 private:
  Result<TaskList> Ask(const Link& link, TaskId task, Epoch epoch) const;

  std::vector<Link> links_;
  TaskId tasks_;
};

// The topologies' answers for the current epoch. Each task's are asked once, by
// whoever wants to know first, not once for each of its neighbors: a star of
// ten thousand would take minutes.
//
// Not thread-safe; owned by NodeCore.
class LinkIndex {
 public:
  explicit LinkIndex(const Links& links)
      : links_(links), known_(links.tasks()) {}

  // As Links::Neighbors; the same object as in the epoch before, if they are
  // equal.
  Result<SharedLists> Neighbors(TaskId task, Epoch epoch);

  // As Links::HasLink.
  bool HasLink(TaskId task, TaskId other, Epoch epoch);

 private:
  struct Known {
    Epoch epoch = 0;                 // The highest one asked about.
    SharedLists lists;               // Null: not asked yet.
    std::optional<TaskList> sorted;  // All of them, each once; when asked for.
  };
  std::optional<Error> Ask(TaskId task, Epoch epoch);

  const Links& links_;
  std::vector<Known> known_;
};

}  // namespace taskgraph::core
