// SPDX-License-Identifier: Apache-2.0
//
// StoreService: the embedded store of a real process. An adapter: here are a
// thread and a clock.
//
// One thread owns a LocalStore. Others drop calls into its inbox; it carries
// them out in order, and wakes up by itself when a lease ends. If it finds that
// the process stood still over a deadline (stopped, or starved), it ends no
// lease: nobody could have renewed one.
//
// Thread-safe. Whoever posts calls must be gone before it is destroyed;
// destruction carries out what is in the inbox.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "coordination/local_store.h"
#include "coordination/shared_store.h"
#include "threads/mutex.h"

namespace taskgraph::coordination {

struct StoreServiceOptions {
  LocalStoreOptions store;

  // Waking up this much later than meant is taken as having stood still.
  std::chrono::milliseconds stall{250};
};

class StoreService final : public SharedStore {
 public:
  explicit StoreService(StoreServiceOptions options = {});
  ~StoreService() override;

  // Runs `call` on the service's thread. Calls of one thread stay in order.
  using Call = std::function<void(LocalStore&)>;
  void Post(Call call);

  // The same, and waits until it has run. Not from the service's thread.
  void PostAndWait(Call call);

  std::uint64_t identity() const override { return identity_; }
  void Commit(Txn txn, Previous previous, Reply<Applied> reply) override;
  void Compact(Revision at, Reply<Revision> reply) override;
  void Grant(LeaseId lease, std::chrono::seconds time_to_live,
             Reply<GrantedLease> reply) override;
  void Revoke(LeaseId lease, Reply<Revision> reply) override;
  void KeepAlive(LeaseId lease, Reply<std::chrono::seconds> reply) override;
  void TimeToLive(LeaseId lease, Reply<LeaseStatus> reply) override;
  void Leases(Reply<std::vector<LeaseId>> reply) override;
  void Status(Reply<StoreStatus> reply) override;
  WatchId NewWatchId() override { return next_watch_.fetch_add(1); }
  void Watch(WatchId id, WatchRequest request, WatchListener listener) override;
  void Unwatch(WatchId id, std::function<void()> done) override;

 private:
  void Run();
  // Waits for calls or for `deadline`, whichever comes first.
  std::vector<Call> TakeCalls(std::optional<Time> deadline);
  void Advance(std::optional<Time> deadline);

  const std::chrono::milliseconds stall_;
  const std::uint64_t identity_;
  LocalStore store_;  // The service thread's own.

  threads::Mutex mutex_;
  threads::Condition wake_;
  std::vector<Call> inbox_ TASKGRAPH_GUARDED_BY(mutex_);
  bool stopping_ TASKGRAPH_GUARDED_BY(mutex_) = false;
  // Servers' watches are numbered apart from those of local clients.
  std::atomic<WatchId> next_watch_{WatchId{1} << 32};
  std::thread thread_;
};

}  // namespace taskgraph::coordination
