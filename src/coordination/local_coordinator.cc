// SPDX-License-Identifier: Apache-2.0
#include "coordination/local_coordinator.h"

#include <string>
#include <utility>
#include <variant>

namespace taskgraph::coordination {

LocalCoordinator::LocalCoordinator(LocalStore& store, Sink sink)
    : store_(store), sink_(std::move(sink)) {}

LocalCoordinator::~LocalCoordinator() {
  for (const auto& [tag, id] : watches_) store_.watches().Remove(id);
  for (LeaseId lease : leases_) store_.Release(lease);
}

void LocalCoordinator::Refuse(Tag tag, Refusal refusal) {
  const bool no_room = WantsRoom(refusal);
  sink_(CallFailed{tag, std::string(EtcdText(refusal)), /*retry=*/no_room,
                   no_room});
}

void LocalCoordinator::Commit(Tag tag, Txn txn) {
  Outcome<TxnReply> outcome = store_.Commit(txn);
  if (const Refusal* refusal = std::get_if<Refusal>(&outcome)) {
    Refuse(tag, *refusal);
  } else {
    sink_(TxnDecided{tag, std::get<TxnReply>(std::move(outcome))});
  }
}

void LocalCoordinator::Watch(Tag tag, KeyRange range, Revision from) {
  Unwatch(tag);
  if (from == 0) from = List(tag, range) + 1;
  Follow(tag, range, from);
}

// Reports what is in `range`, and as of which revision.
Revision LocalCoordinator::List(Tag tag, const KeyRange& range) {
  auto outcome = store_.store().Range(Read{range});
  const Revision revision = store_.store().revision();
  if (ReadReply* reply = std::get_if<ReadReply>(&outcome)) {
    sink_(WatchListed{tag, revision, std::move(reply->found)});
  }
  return revision;
}

void LocalCoordinator::Follow(Tag tag, const KeyRange& range, Revision from) {
  const WatchId id = store_.NewWatchId();
  watches_[tag] = id;
  store_.watches().Add(
      id, WatchRequest{range, from}, [=, this](const WatchNotice& notice) {
        if (const auto* advanced = std::get_if<WatchAdvanced>(&notice)) {
          sink_(WatchChanged{tag, advanced->changes.revision,
                             advanced->changes.changes});
        } else if (std::holds_alternative<WatchCompacted>(notice)) {
          Follow(tag, range, List(tag, range) + 1);
        }
      });
}

void LocalCoordinator::Unwatch(Tag tag) {
  const auto found = watches_.find(tag);
  if (found == watches_.end()) return;
  store_.watches().Remove(found->second);
  watches_.erase(found);
}

void LocalCoordinator::GrantLease(Tag tag, std::chrono::seconds time_to_live) {
  const Outcome<GrantedLease> outcome = store_.Grant(0, time_to_live);
  if (const Refusal* refusal = std::get_if<Refusal>(&outcome)) {
    Refuse(tag, *refusal);
    return;
  }
  const GrantedLease granted = std::get<GrantedLease>(outcome);
  leases_.insert(granted.lease);
  store_.Keep(granted.lease, [this, lease = granted.lease] {
    leases_.erase(lease);
    sink_(LeaseLost{lease});
  });
  sink_(LeaseGranted{tag, granted.lease, granted.time_to_live});
}

void LocalCoordinator::RevokeLease(Tag tag, LeaseId lease) {
  store_.Revoke(lease);  // That there is none is as good.
  sink_(TxnDecided{tag, {}});
}

void LocalCoordinator::AbandonLease(LeaseId lease) {
  if (leases_.erase(lease) != 0) store_.Release(lease);
}

}  // namespace taskgraph::coordination
