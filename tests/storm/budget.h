// SPDX-License-Identifier: Apache-2.0
//
// Budget: whom a storm may hit, so that the job can still keep its promise.
//
// Intuition: a job promises to survive what leaves one copy of what it needs.
// Who has the copies we saw when all was calm, and see again and again. A node
// that was killed has none any more. But of nodes that were stopped, or lost
// sight of each other, nobody outside can tell which of them gave the others
// up: so where one of those has a copy, nothing more is done to any copy until
// it is calm again.
//
// Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "storm/harms.h"
#include "storm/records.h"

namespace taskgraph::storm {

using NodeSet = std::set<std::string>;

class Budget {
 public:
  explicit Budget(App app) : app_(app) {}

  // All is calm, and this is who has what.
  void Renew(const Records& records);
  // This is who has what now, or also has it.
  void Note(const Records& records);

  // Whether the promise holds if these nodes are hit as well. If so, they are.
  bool Spend(const NodeSet& nodes, Damage damage);

 private:
  // What was done to nodes.
  struct Done {
    NodeSet killed;
    NodeSet parted;
    std::vector<NodeSet> taken;  // By each harm that took.
  };

  bool Suffices(const Done& done) const;
  static bool IsKept(const NodeSet& copies, const Done& done);
  bool SomebodyRemembers(const Done& done) const;

  const App app_;
  std::map<int, NodeSet> copies_;  // By task.
  NodeSet primaries_;              // When it was calm.
  Done done_;
};

}  // namespace taskgraph::storm
