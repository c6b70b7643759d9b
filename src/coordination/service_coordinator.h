// SPDX-License-Identifier: Apache-2.0
//
// ServiceCoordinator: a Coordinator over a StoreService of the same process.
//
// It is a LocalCoordinator that lives on the service's thread, reached through
// the service's inbox; the sink is called on that thread.
//
// Thread-safe, except from the sink. The service must outlive it; do not call
// it with a lock held that the sink takes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "coordination/coordinator.h"
#include "coordination/local_coordinator.h"
#include "coordination/store_service.h"
#include "threads/mutex.h"

namespace taskgraph::coordination {

class ServiceCoordinator final : public Coordinator {
 public:
  ServiceCoordinator(StoreService& service, Sink sink);
  ~ServiceCoordinator() override;

  void Commit(Tag tag, Txn txn) override;
  void Watch(Tag tag, KeyRange range, Revision from) override;
  void Unwatch(Tag tag) override;
  void GrantLease(Tag tag, std::chrono::seconds time_to_live) override;
  void RevokeLease(Tag tag, LeaseId lease) override;
  void AbandonLease(LeaseId lease) override;

 private:
  void Post(std::function<void(LocalCoordinator&)> call);
  void Deliver(Event event);

  StoreService& service_;
  Sink sink_;
  std::unique_ptr<LocalCoordinator> local_;  // The service thread's own.

  // Watches have numbers of their own below, so that an event that was on its
  // way when its watch ended is not taken for one of the tag's next watch.
  threads::Mutex mutex_;
  Tag next_watch_ TASKGRAPH_GUARDED_BY(mutex_) = 1;
  std::map<Tag, Tag> watch_of_tag_ TASKGRAPH_GUARDED_BY(mutex_);
  std::map<Tag, Tag> tag_of_watch_ TASKGRAPH_GUARDED_BY(mutex_);
};

}  // namespace taskgraph::coordination
