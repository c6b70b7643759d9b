// SPDX-License-Identifier: Apache-2.0
//
// What primaries and backups have in common: who they are, and what is around
// them.
#pragma once

#include <set>
#include <vector>

#include "core/directory.h"
#include "core/followers.h"
#include "core/links.h"
#include "core/vocabulary.h"
#include "taskgraph/options.h"

namespace taskgraph::core {

// What all replicas of a node share. Must outlive them.
struct ReplicaSurroundings {
  NodeId self;
  const Links& links;
  LinkIndex& link_index;
  const JobOptions& options;
  const Directory& directory;
  const std::set<NodeId>& suspects;  // Found dead or silent by this node (R21).
  std::set<NodeId>& probed;          // Those of them that were asked after.
  Outputs& outputs;                  // Where orders go.
  std::vector<Message>& local;       // Where messages to tasks of this node go.
  Followers& followers;  // Who must hear of a change of which assignment.
};

struct ReplicaIdentity {
  ReplicaId replica = 0;
  TaskId task = 0;
  Term term = 0;  // Of a backup: of the primary that it follows.
  Incarnation incarnation = 0;
  Generation generation = 0;
};

// Turns that may begin whatever epoch the job is in.
inline bool IsOutsideEpochs(const Cause& cause) {
  return std::holds_alternative<ExitTask>(cause) ||
         std::holds_alternative<ChangeRole>(cause) ||
         std::holds_alternative<TakeSnapshot>(cause) ||
         std::holds_alternative<ApplyUpdates>(cause) ||
         std::holds_alternative<CompareState>(cause);
}

// Turns that only look at the task's state: one that throws costs what it was
// for, and nothing else.
inline bool OnlyLooks(const Cause& cause) {
  return std::holds_alternative<TakeSnapshot>(cause) ||
         std::holds_alternative<CompareState>(cause);
}

}  // namespace taskgraph::core
