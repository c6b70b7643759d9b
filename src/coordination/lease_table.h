// SPDX-License-Identifier: Apache-2.0
//
// LeaseTable: which leases there are, until when, and which keys hang on them.
//
// Intuition: a cloakroom. Each ticket has a time; coats hang on tickets. When a
// ticket's time is over the store takes its coats away; showing the ticket
// again winds its time up.
//
// Pure: time arrives as an argument. Not thread-safe; owned by Store.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "coordination/types.h"

namespace taskgraph::coordination {

// A lease as its owner, or an operator, may ask for it.
struct LeaseStatus {
  LeaseId lease = 0;
  std::chrono::seconds granted{0};
  Time remaining{0};
  std::vector<std::string> keys;
};

class LeaseTable {
 public:
  std::size_t size() const { return leases_.size(); }
  bool Has(LeaseId lease) const { return leases_.contains(lease); }
  void Add(LeaseId lease, std::chrono::seconds time_to_live, Time now);
  void Renew(LeaseId lease, Time now);

  // Moves `key` from the lease it hangs on to `lease`; 0: to none.
  void Hang(const std::string& key, LeaseId lease);

  // Forgets the lease; returns the keys that hung on it.
  std::set<std::string> Remove(LeaseId lease);

  std::optional<LeaseStatus> Status(LeaseId lease, Time now) const;
  std::vector<LeaseId> All() const;
  std::vector<LeaseId> ExpiredAt(Time now) const;
  std::optional<Time> NextDeadline() const;

 private:
  struct Lease {
    std::chrono::seconds time_to_live{0};
    Time deadline{0};
    std::set<std::string> keys;
  };

  std::map<LeaseId, Lease> leases_;
  std::set<std::pair<Time, LeaseId>> deadlines_;
  std::map<std::string, LeaseId> lease_of_key_;
};

}  // namespace taskgraph::coordination
