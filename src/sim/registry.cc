// SPDX-License-Identifier: Apache-2.0
#include "sim/registry.h"

#include <utility>
#include <variant>
#include <vector>

namespace taskgraph::sim {

using coordination::Outcome;
using coordination::Revision;
using coordination::RevisionChanges;

std::uint64_t Registry::Listen(Listener listener) {
  listeners_.emplace(++last_listener_, std::move(listener));
  return last_listener_;
}

Outcome<coordination::TxnReply> Registry::Commit(const coordination::Txn& txn,
                                                 const std::string& writer) {
  if (auditor_) auditor_(txn, writer);
  auto outcome = store_.Commit(txn);
  Changed(writer);
  return outcome;
}

Outcome<coordination::GrantedLease> Registry::Grant(
    std::chrono::seconds time_to_live) {
  auto outcome = store_.Grant(0, time_to_live, agenda_.now());
  ArmExpiry();
  return outcome;
}

Outcome<std::chrono::seconds> Registry::KeepAlive(coordination::LeaseId lease) {
  return store_.KeepAlive(lease, agenda_.now());
}

void Registry::Revoke(coordination::LeaseId lease, const std::string& writer) {
  store_.Revoke(lease);
  Changed(writer);
}

void Registry::Close() {
  open_ = false;
  Changed({});
}

void Registry::Open() {
  open_ = true;
  store_.RenewAll(agenda_.now());
  ArmExpiry();
  Changed({});
}

void Registry::Compact() { store_.Compact(store_.revision()); }

void Registry::Changed(const std::string& writer) {
  if (reader_ && store_.revision() > read_) {
    const Revision from = std::exchange(read_, store_.revision()) + 1;
    const auto changes = store_.Changes(coordination::KeyRange::All(), from);
    for (const RevisionChanges& revision :
         std::get<std::vector<RevisionChanges>>(changes)) {
      reader_(revision, writer);
    }
  }
  for (const auto& [id, listener] : listeners_) listener();
}

void Registry::ArmExpiry() {
  const auto deadline = store_.NextDeadline();
  if (!deadline || *deadline >= expiry_at_) return;
  expiry_at_ = *deadline;
  agenda_.At(expiry_at_, [this] {
    expiry_at_ = core::kNever;
    if (open_ && !store_.Expire(agenda_.now()).empty()) Changed({});
    if (open_) ArmExpiry();
  });
}

}  // namespace taskgraph::sim
