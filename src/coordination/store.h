// SPDX-License-Identifier: Apache-2.0
//
// Store: a coordinator's memory, in etcd's model, as a pure state machine.
//
// Intuition: a notary's book. Each accepted deed gets the next number, is
// entered whole or not at all, and can be read again later by its number. Deeds
// may hang on a lease; when the lease ends the notary strikes them out, under
// one more number.
//
// It answers as etcd does, refusals included, so that what works against it
// works against etcd. Watching is reading on: whoever has seen everything up to
// revision r asks for Changes(range, r + 1) when revision() has grown.
//
// Pure: time arrives as an argument, and must never go back. Not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "coordination/history.h"
#include "coordination/lease_table.h"
#include "coordination/refusal.h"
#include "coordination/types.h"

namespace taskgraph::coordination {

struct StoreOptions {
  // As in etcd, so that a transaction too large for it is found in the first
  // test.
  std::size_t operations_max = 128;
  std::size_t txn_bytes_max = 3 * 512 * 1024;

  // Bytes of keys and values, old versions included; as etcd's quota. A change
  // that needs more is refused.
  std::int64_t bytes_max = std::int64_t{2} << 30;

  // At a time. A job has one for each of its members.
  std::size_t leases_max = 100'000;

  // Shorter leases are granted this long. (etcd's own limit follows from its
  // election timeout and is 2 s by default.)
  std::chrono::seconds lease_min{1};
  std::chrono::seconds lease_max{9'000'000'000};

  // Leases without an id of the caller's are numbered from here. A store whose
  // clients may outlive it should begin where no earlier one has been.
  LeaseId first_lease = 1;
};

struct GrantedLease {
  LeaseId lease = 0;
  std::chrono::seconds time_to_live{0};
};

class Store {
 public:
  explicit Store(StoreOptions options = {});

  Revision revision() const { return history_.revision(); }
  const History& history() const { return history_; }

  // One transaction, one revision: the whole branch is applied, or, if refused,
  // nothing.
  Outcome<TxnReply> Commit(const Txn& txn);

  Outcome<ReadReply> Range(const Read& read) const;

  Outcome<std::vector<RevisionChanges>> Changes(const KeyRange& range,
                                                Revision from) const {
    return history_.Changes(range, from);
  }

  // Forgets what was overwritten before `at`; reads and watches below it are
  // refused from now on.
  Outcome<Revision> Compact(Revision at) { return history_.Compact(at); }

  // `lease` 0: the store chooses the id.
  Outcome<GrantedLease> Grant(LeaseId lease, std::chrono::seconds time_to_live,
                              Time now);
  Outcome<std::chrono::seconds> KeepAlive(LeaseId lease, Time now);

  // Ends the lease and deletes its keys, all at one revision.
  Outcome<Revision> Revoke(LeaseId lease);

  std::optional<LeaseStatus> TimeToLive(LeaseId lease, Time now) const {
    return leases_.Status(lease, now);
  }
  std::vector<LeaseId> Leases() const { return leases_.All(); }

  // Ends the leases whose time is over, and returns them.
  std::vector<LeaseId> Expire(Time now);

  // Winds every lease up: for a host that was itself stalled and could not have
  // heard the keep-alives.
  void RenewAll(Time now);

  // When Expire has something to do next.
  std::optional<Time> NextDeadline() const { return leases_.NextDeadline(); }

 private:
  bool Holds(const Compare& compare) const;
  std::optional<Refusal> CheckBranch(const std::vector<Op>& ops) const;
  OpReply Apply(const Put& put, Revision at);
  OpReply Apply(const Delete& removal, Revision at);
  OpReply Apply(const Read& read, Revision at);
  ReadReply Find(const Read& read) const;

  StoreOptions options_;
  History history_;
  LeaseTable leases_;
  LeaseId next_lease_;
};

}  // namespace taskgraph::coordination
