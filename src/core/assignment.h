// SPDX-License-Identifier: Apache-2.0
//
// Who has which task: the one record that the coordinator keeps for each task
// (R1), and what a node says of itself when it joins.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "taskgraph/types.h"

namespace taskgraph::core {

// The name of one life of a node process; a restarted process has a new one.
using NodeId = std::string;

// A point in time, since some origin of the node's own. Never compared across
// nodes.
using Time = Duration;
inline constexpr Time kNever = Time::max();

// R1: changed only by compare-and-swap; a change of primary raises the term. A
// loss of the task's state raises the incarnation in the same transaction that
// removes the primary, so incarnation 3 without a primary means: the second one
// is lost (R22).
struct Assignment {
  Term term = 0;
  Incarnation incarnation = 0;  // 0: nobody has had it yet.
  NodeId primary;               // Empty: no one at present.
  std::vector<NodeId> backups;  // Those in sync.
  std::uint32_t failures = 0;   // Losses by the task's own fault (R23).
  std::string last_error;       // Why the last primary was lost.
  Term began = 0;  // When a primary began this incarnation: one of a later term
                   // is a promoted backup (R4). 0: nobody has.
  // R20: nodes chosen to become backups, which have no copy yet; and how often
  // one was chosen, so that old news of it can be told from new ones.
  std::vector<NodeId> joining = {};
  std::uint64_t joins = 0;

  bool HasPrimary() const { return !primary.empty(); }
  // The nodes that it names; the primary, if there is one, first.
  std::vector<NodeId> Replicas() const {
    std::vector<NodeId> nodes = backups;
    nodes.insert(nodes.end(), joining.begin(), joining.end());
    if (HasPrimary()) nodes.insert(nodes.begin(), primary);
    return nodes;
  }

  // Its successors. R4: one of the backups goes on.
  Assignment PromotedTo(const NodeId& backup) const {
    Assignment next = *this;
    ++next.term;
    next.primary = backup;
    std::erase(next.backups, backup);
    return next;
  }
  // R5: the state is lost.
  Assignment Lost() const {
    Assignment next = *this;
    ++next.term;
    ++next.incarnation;
    next.primary.clear();
    next.backups.clear();
    next.joining.clear();
    next.began = 0;
    return next;
  }
  // A new incarnation begins; this record names no one.
  Assignment BegunBy(NodeId node) const {
    Assignment next = *this;
    ++next.term;
    next.incarnation = incarnation == 0 ? 1 : incarnation;
    next.primary = std::move(node);
    next.began = next.term;
    return next;
  }
  friend bool operator==(const Assignment&, const Assignment&) = default;
};

inline bool IsIn(const NodeId& node, const std::vector<NodeId>& nodes) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

// A node that can host tasks, as it registered itself.
struct NodeRecord {
  NodeId node;
  std::string host;                    // Nodes of one host may fail together.
  std::uint32_t slots = 1;             // Tasks it takes.
  std::uint32_t reserve = 0;           // 1: takes tasks only when others can't.
  std::vector<std::string> addresses;  // For the transport, best first.

  friend bool operator==(const NodeRecord&, const NodeRecord&) = default;
};

}  // namespace taskgraph::core
