// SPDX-License-Identifier: Apache-2.0
//
// Directory: who has which task, as far as this node has been told.
//
// Intuition: a telephone book that is printed by the coordinator. It may be
// old, never wrong: entries only ever move on to higher terms (R1, R2).
//
// Pure. Not thread-safe; owned by NodeCore or ControllerCore, read by the
// machines below it.
#pragma once

#include <vector>

#include "core/assignment.h"
#include "taskgraph/types.h"

namespace taskgraph::core {

class Directory {
 public:
  explicit Directory(TaskId tasks) : assignments_(tasks) {}

  TaskId tasks() const { return static_cast<TaskId>(assignments_.size()); }
  const Assignment& of(TaskId task) const { return assignments_[task]; }
  bool Has(TaskId task) const { return task < assignments_.size(); }

  // Takes the record unless it is older than, or equal to, what is known; says
  // whether it did. At an equal term only the in-sync set may differ.
  bool Update(TaskId task, const Assignment& assignment) {
    Assignment& known = assignments_[task];
    if (assignment.term < known.term || assignment == known) return false;
    known = assignment;
    return true;
  }

 private:
  std::vector<Assignment> assignments_;
};

}  // namespace taskgraph::core
