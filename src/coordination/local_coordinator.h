// SPDX-License-Identifier: Apache-2.0
//
// LocalCoordinator: a Coordinator over a LocalStore on the caller's own thread.
//
// Calls are carried out at once, and their events reach the sink before they
// return. It is never away, and its leases last as long as it does (and as
// LocalStore::Advance is called).
//
// Not thread-safe; the store must outlive it.
#pragma once

#include <chrono>
#include <map>
#include <set>

#include "coordination/coordinator.h"
#include "coordination/local_store.h"

namespace taskgraph::coordination {

class LocalCoordinator final : public Coordinator {
 public:
  LocalCoordinator(LocalStore& store, Sink sink);
  ~LocalCoordinator() override;

  void Commit(Tag tag, Txn txn) override;
  void Watch(Tag tag, KeyRange range, Revision from) override;
  void Unwatch(Tag tag) override;
  void GrantLease(Tag tag, std::chrono::seconds time_to_live) override;
  void RevokeLease(Tag tag, LeaseId lease) override;
  void AbandonLease(LeaseId lease) override;

 private:
  void Refuse(Tag tag, Refusal refusal);
  Revision List(Tag tag, const KeyRange& range);
  void Follow(Tag tag, const KeyRange& range, Revision from);

  LocalStore& store_;
  Sink sink_;
  std::map<Tag, WatchId> watches_;
  std::set<LeaseId> leases_;
};

}  // namespace taskgraph::coordination
