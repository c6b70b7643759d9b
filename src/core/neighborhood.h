// SPDX-License-Identifier: Apache-2.0
//
// Neighborhood: what a task has been told of its neighbors' failures.
//
// Intuition: two columns for each neighbor: what the record says, and what the
// task was last told. Where they differ there is something to tell, and nothing
// is told twice (R22). Who is met for the first time is taken as found.
//
// Pure. Not thread-safe; owned by ReplicaCore.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/directory.h"
#include "core/fields.h"
#include "core/turn.h"
#include "core/turn_content.h"

namespace taskgraph::core {

class Neighborhood {
 public:
  explicit Neighborhood(const Directory& directory) : directory_(directory) {}

  // The epoch's neighbors. What was announced and not yet told is announced
  // again, by the Review of each; says whether they must be reviewed: there is
  // such, or they are others than before.
  bool Enter(SharedLists lists);

  const SharedLists& lists() const { return lists_; }
  bool IsNeighbor(TaskId task) const { return links_of_.contains(task); }
  TaskList tasks() const;

  // What the task must now be told of `task`, in order; what is returned counts
  // as announced.
  std::vector<Cause> Review(TaskId task);

  // The same for all neighbors, in the order of their ids.
  std::vector<Cause> ReviewAll();

  // A neighbor whom another replica met for the first time.
  void Meet(const Acquaintance& met);
  // Whom this one met since the last call, for other replicas to know.
  std::vector<Acquaintance> TakeMet() { return std::exchange(met_, {}); }

  void Write(FieldWriter& out) const;
  void Read(FieldReader& in);

  // What was announced and not yet told is to be announced again.
  void Reannounce();

  // The turn that tells it begins: from now on it counts as told.
  void Told(const NeighborLost& lost);
  void Told(const NeighborBack& back);

 private:
  struct State {
    Incarnation incarnation = 0;
    bool lost = false;
  };
  struct Known {
    State told;
    State announced;
  };
  static std::optional<State> FirstImpression(const Assignment& record);

  const Directory& directory_;
  SharedLists lists_;
  std::map<TaskId, std::vector<LinkType>> links_of_;
  std::map<TaskId, Known> known_;  // Of all that were ever neighbors.
  bool announced_any_ = false;     // Since Reannounce.
  std::vector<Acquaintance> met_;
};

}  // namespace taskgraph::core
