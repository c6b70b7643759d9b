// SPDX-License-Identifier: Apache-2.0
//
// LocalStore: a Store with its watchers, its clock, and the leases of clients
// that live in the same process.
//
// Intuition: the notary's office. The book is the Store; here people wait to be
// told what is entered, and a client who sits in the office need not show his
// ticket every second: as long as he sits there his leases last.
//
// Pure: time arrives by Advance. Not thread-safe. In a single process and in
// the simulator it is called directly (LocalCoordinator), by other threads
// through StoreService.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>

#include "coordination/refusal.h"
#include "coordination/store.h"
#include "coordination/types.h"
#include "coordination/watch_hub.h"

namespace taskgraph::coordination {

struct LocalStoreOptions {
  StoreOptions store;

  // History is compacted when it is twice as long as this. Watchers here are
  // told at once, so only those that reconnect read back; and they list again
  // where it is not enough.
  Revision history_revisions_max = 10'000;
};

class LocalStore {
 public:
  explicit LocalStore(LocalStoreOptions options = {});
  LocalStore(const LocalStore&) = delete;
  LocalStore& operator=(const LocalStore&) = delete;

  const Store& store() const { return store_; }
  WatchHub& watches() { return watches_; }
  Time now() const { return now_; }
  WatchId NewWatchId() { return next_watch_++; }

  // Lets time pass: renews the leases kept here, and ends those that nobody
  // renewed.
  void Advance(Time now);
  std::optional<Time> NextDeadline() const { return store_.NextDeadline(); }

  // To be called instead of Advance when this process stood still: nobody could
  // renew a lease, so none is ended.
  void AdvanceAfterStall(Time now);

  // As in Store; watchers are told before they return.
  Outcome<TxnReply> Commit(const Txn& txn);
  Outcome<Revision> Compact(Revision at);
  Outcome<GrantedLease> Grant(LeaseId lease, std::chrono::seconds time_to_live);
  Outcome<std::chrono::seconds> KeepAlive(LeaseId lease);
  Outcome<Revision> Revoke(LeaseId lease);

  // Renews `lease` at every Advance, until Release. Calls `lost` once if it was
  // revoked.
  void Keep(LeaseId lease, std::function<void()> lost);
  void Release(LeaseId lease) { kept_.erase(lease); }

 private:
  void TellLost(LeaseId lease);
  void CompactWhatIsOld();

  LocalStoreOptions options_;
  Store store_;
  WatchHub watches_;
  Time now_{0};
  WatchId next_watch_ = 1;
  std::map<LeaseId, std::function<void()>> kept_;
};

}  // namespace taskgraph::coordination
