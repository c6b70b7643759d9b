// SPDX-License-Identifier: Apache-2.0
#include "coordination/local_store.h"

#include <utility>
#include <variant>

namespace taskgraph::coordination {

LocalStore::LocalStore(LocalStoreOptions options)
    : options_(options), store_(options.store), watches_(store_) {}

void LocalStore::Advance(Time now) {
  now_ = now;
  for (const auto& [lease, lost] : kept_) store_.KeepAlive(lease, now);
  if (store_.Expire(now).empty()) return;
  watches_.Pump();
}

void LocalStore::AdvanceAfterStall(Time now) {
  store_.RenewAll(now);
  Advance(now);
}

Outcome<TxnReply> LocalStore::Commit(const Txn& txn) {
  Outcome<TxnReply> outcome = store_.Commit(txn);
  const Refusal* refusal = std::get_if<Refusal>(&outcome);
  if (refusal != nullptr && *refusal == Refusal::kNoSpace) {
    store_.Compact(store_.revision());  // Perhaps all it lacks is the past's.
    outcome = store_.Commit(txn);
  }
  watches_.Pump();
  CompactWhatIsOld();
  return outcome;
}

Outcome<Revision> LocalStore::Compact(Revision at) {
  return store_.Compact(at);
}

void LocalStore::CompactWhatIsOld() {
  const Revision length = store_.revision() - store_.history().compacted();
  if (length < 2 * options_.history_revisions_max) return;
  store_.Compact(store_.revision() - options_.history_revisions_max);
}

Outcome<GrantedLease> LocalStore::Grant(LeaseId lease,
                                        std::chrono::seconds time_to_live) {
  return store_.Grant(lease, time_to_live, now_);
}

Outcome<std::chrono::seconds> LocalStore::KeepAlive(LeaseId lease) {
  return store_.KeepAlive(lease, now_);
}

Outcome<Revision> LocalStore::Revoke(LeaseId lease) {
  Outcome<Revision> outcome = store_.Revoke(lease);
  watches_.Pump();
  TellLost(lease);
  return outcome;
}

void LocalStore::Keep(LeaseId lease, std::function<void()> lost) {
  kept_[lease] = std::move(lost);
}

void LocalStore::TellLost(LeaseId lease) {
  auto kept = kept_.extract(lease);
  if (kept) kept.mapped()();
}

}  // namespace taskgraph::coordination
