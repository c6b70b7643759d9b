// SPDX-License-Identifier: Apache-2.0
//
// Budget: whom a storm may hit, so that the job can still keep its promise.
//
// Intuition: a job promises to survive what leaves one copy of what it needs.
// When all was calm we saw who had the copies; since then some nodes were hit,
// and their copies no longer count, even if they may have survived. One more
// may be hit if enough copies remain with nodes that nothing has touched since.
// When it is calm again, the count begins anew.
//
// Pure.
#pragma once

#include <map>
#include <set>
#include <string>

#include "storm/harms.h"
#include "storm/records.h"

namespace taskgraph::storm {

using NodeSet = std::set<std::string>;

class Budget {
 public:
  explicit Budget(App app) : app_(app) {}

  // All is calm, and this is who has what.
  void Renew(const Records& records);

  // Whether the promise holds if these nodes are hit as well. If so, they are.
  bool Spend(const NodeSet& nodes, Damage damage);

 private:
  bool Suffices(const NodeSet& taken, const NodeSet& parted) const;
  bool LedgerSuffices(const NodeSet& taken, const NodeSet& parted) const;
  bool DigitsSuffices(const NodeSet& taken) const;

  const App app_;
  std::map<int, TaskRecord> tasks_;
  NodeSet taken_;   // Hit by what takes.
  NodeSet parted_;  // Hit by what parts.
};

}  // namespace taskgraph::storm
