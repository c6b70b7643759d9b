// SPDX-License-Identifier: Apache-2.0
//
// Roster: which nodes there are, which are known to be dead, and whose tasks
// are whose.
//
// Intuition: the porter's board at a factory gate. A card in the rack means
// that somebody checked in and has not checked out; a red card means that he
// was seen dead, whatever the rack says. A red card is thrown away when nobody
// asks for him any more, or when he checks in after he was checked out; of
// those who never checked in only the last few are kept.
//
// Pure. Not thread-safe; owned by ControllerCore.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/assignment.h"

namespace taskgraph::core {

class Roster {
 public:
  // The node has a session. A dead one's may have been on its way; but one that
  // comes after the session ended proves that the node lives (R25).
  void Join(NodeRecord record);

  // Its session ended. Says whether it had one.
  bool Leave(const NodeId& node);

  // Its process is known to be dead, and why. Says whether that is new.
  bool Die(const NodeId& node, std::string reason);

  // The record of `task` changed.
  void Move(TaskId task, const Assignment& before, const Assignment& after);

  const std::map<NodeId, NodeRecord>& nodes() const { return nodes_; }
  bool HasSession(const NodeId& node) const { return nodes_.contains(node); }
  bool IsDead(const NodeId& node) const { return dead_.contains(node); }

  // "node a was lost", and why if that is known.
  std::string DescribeLoss(const NodeId& node) const;

  // Tasks whose record names `node`, as primary or backup.
  const std::set<TaskId>& tasks_on(const NodeId& node) const;

  // Tasks whose primary is on a node that has a session; tasks that name a node
  // that has none.
  std::size_t placed() const;
  std::vector<TaskId> strays() const;

 private:
  struct Death {
    std::string reason;
    bool session_ended = false;
  };

  void Leave(TaskId task, const NodeId& node);
  void AwaitSession(const NodeId& node);
  void ForgetIfUnneeded(const NodeId& node);

  std::map<NodeId, NodeRecord> nodes_;
  std::map<NodeId, Death> dead_;
  // Those of whom nothing else is known, the oldest first.
  std::deque<NodeId> unseen_;
  std::map<NodeId, std::set<TaskId>> tasks_on_;
  std::map<NodeId, std::size_t> primaries_on_;
};

}  // namespace taskgraph::core
