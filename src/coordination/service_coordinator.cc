// SPDX-License-Identifier: Apache-2.0
#include "coordination/service_coordinator.h"

#include <utility>
#include <variant>

namespace taskgraph::coordination {

ServiceCoordinator::ServiceCoordinator(StoreService& service, Sink sink)
    : service_(service), sink_(std::move(sink)) {
  service_.Post([this](LocalStore& store) {
    local_ = std::make_unique<LocalCoordinator>(
        store, [this](Event event) { Deliver(std::move(event)); });
  });
}

ServiceCoordinator::~ServiceCoordinator() {
  service_.PostAndWait([this](LocalStore&) { local_.reset(); });
}

void ServiceCoordinator::Post(std::function<void(LocalCoordinator&)> call) {
  service_.Post([this, call = std::move(call)](LocalStore&) { call(*local_); });
}

void ServiceCoordinator::Deliver(Event event) {
  const auto deliver_watch = [this](auto& watched) {
    // Held while the sink runs: Unwatch returns only when it has.
    const threads::Lock lock(mutex_);
    const auto found = tag_of_watch_.find(watched.tag);
    if (found == tag_of_watch_.end()) return;
    watched.tag = found->second;
    sink_(std::move(watched));
  };
  if (auto* listed = std::get_if<WatchListed>(&event)) {
    deliver_watch(*listed);
  } else if (auto* changed = std::get_if<WatchChanged>(&event)) {
    deliver_watch(*changed);
  } else {
    sink_(std::move(event));
  }
}

void ServiceCoordinator::Commit(Tag tag, Txn txn) {
  Post([=, txn = std::move(txn)](LocalCoordinator& local) {
    local.Commit(tag, txn);
  });
}

void ServiceCoordinator::Watch(Tag tag, KeyRange range, Revision from) {
  Unwatch(tag);
  Tag watch;
  {
    const threads::Lock lock(mutex_);
    watch = next_watch_++;
    watch_of_tag_[tag] = watch;
    tag_of_watch_[watch] = tag;
  }
  Post([=](LocalCoordinator& local) { local.Watch(watch, range, from); });
}

void ServiceCoordinator::Unwatch(Tag tag) {
  Tag watch;
  {
    const threads::Lock lock(mutex_);
    auto found = watch_of_tag_.extract(tag);
    if (!found) return;
    watch = found.mapped();
    tag_of_watch_.erase(watch);
  }
  Post([=](LocalCoordinator& local) { local.Unwatch(watch); });
}

void ServiceCoordinator::GrantLease(Tag tag,
                                    std::chrono::seconds time_to_live) {
  Post([=](LocalCoordinator& local) { local.GrantLease(tag, time_to_live); });
}

void ServiceCoordinator::RevokeLease(Tag tag, LeaseId lease) {
  Post([=](LocalCoordinator& local) { local.RevokeLease(tag, lease); });
}

void ServiceCoordinator::AbandonLease(LeaseId lease) {
  Post([=](LocalCoordinator& local) { local.AbandonLease(lease); });
}

}  // namespace taskgraph::coordination
