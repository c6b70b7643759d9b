// SPDX-License-Identifier: Apache-2.0
//
// SharedStore: one store as servers see it, from any thread.
//
// Intuition: a letter box in the office's door. Calls are dropped in from
// outside, in any number; they are carried out one after the other, and each is
// answered by its callback, on the store's own thread, in the order carried
// out.
//
// An interface, so that a server needs none of the store's code: it can live in
// a library of its own. Callbacks must not block; what they capture is
// destroyed on the store's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "coordination/lease_table.h"
#include "coordination/refusal.h"
#include "coordination/store.h"
#include "coordination/types.h"
#include "coordination/watch_hub.h"

namespace taskgraph::coordination {

// A transaction's reply, and, if wanted, what each of its operations replaced.
struct Applied {
  TxnReply reply;
  std::vector<std::vector<KeyValue>> previous;
};

struct StoreStatus {
  std::int64_t bytes = 0;
  Revision compacted = 0;
};

class SharedStore {
 public:
  virtual ~SharedStore() = default;

  // Tells stores apart; another one, or the same process restarted with an
  // empty one, has another.
  virtual std::uint64_t identity() const = 0;

  // Gets the outcome, and the store's revision after the call.
  template <typename T>
  using Reply = std::function<void(Revision, Outcome<T>)>;

  virtual void Commit(Txn txn, Previous previous, Reply<Applied> reply) = 0;
  virtual void Compact(Revision at, Reply<Revision> reply) = 0;

  virtual void Grant(LeaseId lease, std::chrono::seconds time_to_live,
                     Reply<GrantedLease> reply) = 0;
  virtual void Revoke(LeaseId lease, Reply<Revision> reply) = 0;
  virtual void KeepAlive(LeaseId lease, Reply<std::chrono::seconds> reply) = 0;
  virtual void TimeToLive(LeaseId lease, Reply<LeaseStatus> reply) = 0;
  virtual void Leases(Reply<std::vector<LeaseId>> reply) = 0;

  virtual void Status(Reply<StoreStatus> reply) = 0;

  // The listener is called until the callback of Unwatch.
  virtual WatchId NewWatchId() = 0;
  virtual void Watch(WatchId id, WatchRequest request,
                     WatchListener listener) = 0;
  virtual void Unwatch(WatchId id, std::function<void()> done) = 0;
};

}  // namespace taskgraph::coordination
