// SPDX-License-Identifier: Apache-2.0
//
// Interest: which of a job's keys a node needs, if it does not watch them all.
//
// Intuition: who moves to a large town wants the telephone numbers of his
// relatives, not the book. A node needs the records of the tasks that it has
// and of their neighbors, and the registrations of the nodes that those are on.
//
// It is an experiment about growth (docs/scaling.md): real nodes watch all
// keys. Not thread-safe; owned by its SimCoordinator.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "coordination/job_records.h"
#include "core/links.h"

namespace taskgraph::sim {

class Interest {
 public:
  // `links` must outlive it.
  Interest(const std::string& job, core::NodeId self, const core::Links& links);

  std::string epoch_key() const { return keys_.epoch(); }

  // Whether the node is to be told of this key, as far as it knows.
  bool Wants(const std::string& key) const;

  // Changes that the node may see: its own, and those that it wants.
  void Note(const std::vector<coordination::Change>& changes);

  // Keys that are wanted since the last call, so that nothing is known of them.
  std::vector<std::string> TakeNew();

 private:
  bool Names(const std::string& text) const;
  void Choose();

  const coordination::JobKeys keys_;
  const core::NodeId self_;
  const core::Links& links_;
  Epoch epoch_ = 0;
  std::set<TaskId> hosted_;
  std::map<TaskId, core::Assignment> records_;  // Of hosted ones and neighbors.
  std::set<std::string> wanted_, new_;
};

}  // namespace taskgraph::sim
