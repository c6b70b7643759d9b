// SPDX-License-Identifier: Apache-2.0
#include "coordination/store.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "coordination/txn_rules.h"

namespace taskgraph::coordination {
namespace {

template <typename T>
bool Related(const T& actual, Compare::Relation relation, const T& wanted) {
  switch (relation) {
    case Compare::Relation::kEqual:
      return actual == wanted;
    case Compare::Relation::kGreater:
      return actual > wanted;
    case Compare::Relation::kLess:
      return actual < wanted;
    case Compare::Relation::kNotEqual:
      return actual != wanted;
  }
  return false;
}

std::int64_t Number(const KeyValue& key, Compare::Target target) {
  switch (target) {
    case Compare::Target::kVersion:
      return key.version;
    case Compare::Target::kCreateRevision:
      return key.create_revision;
    case Compare::Target::kModRevision:
      return key.mod_revision;
    case Compare::Target::kValue:
      break;
  }
  return 0;
}

}  // namespace

Store::Store(StoreOptions options)
    : options_(options), next_lease_(options.first_lease) {}

Outcome<TxnReply> Store::Commit(const Txn& txn) {
  const TxnRules rules{options_.operations_max, options_.txn_bytes_max};
  if (const auto refusal = rules.Check(txn)) return *refusal;
  TxnReply reply;
  reply.succeeded =
      std::all_of(txn.compares.begin(), txn.compares.end(),
                  [this](const Compare& compare) { return Holds(compare); });
  const std::vector<Op>& branch = reply.succeeded ? txn.then : txn.otherwise;
  if (const auto refusal = CheckBranch(branch)) return *refusal;
  const Revision at = revision() + 1;
  for (const Op& op : branch) {
    reply.replies.push_back(
        std::visit([&](const auto& o) { return Apply(o, at); }, op));
  }
  reply.revision = revision();
  return reply;
}

bool Store::Holds(const Compare& compare) const {
  static const KeyValue kMissing;
  const KeyValue* found = history_.Find(compare.key);
  if (compare.target == Compare::Target::kValue) {
    return found && Related(found->value, compare.relation, compare.value);
  }
  return Related(Number(found ? *found : kMissing, compare.target),
                 compare.relation, compare.number);
}

// What depends on the store's state is checked for the branch taken only, and
// before anything is changed.
std::optional<Refusal> Store::CheckBranch(const std::vector<Op>& ops) const {
  std::int64_t bytes = history_.bytes();
  for (const Op& op : ops) {
    if (const Put* put = std::get_if<Put>(&op)) {
      if (put->lease != 0 && !leases_.Has(put->lease)) {
        return Refusal::kLeaseNotFound;
      }
      bytes += History::Bytes(*put);
      if (bytes > options_.bytes_max) return Refusal::kNoSpace;
    } else if (const Read* read = std::get_if<Read>(&op)) {
      if (read->revision > revision()) return Refusal::kFutureRevision;
      if (read->revision > 0 && read->revision < history_.compacted()) {
        return Refusal::kCompacted;
      }
    }
  }
  return std::nullopt;
}

OpReply Store::Apply(const Put& put, Revision at) {
  history_.Put(put, at);
  leases_.Hang(put.key, put.lease);
  return PutReply{};
}

OpReply Store::Apply(const Delete& removal, Revision at) {
  std::vector<std::string> keys;
  history_.Visit(removal.range, at,
                 [&](const KeyValue& found) { keys.push_back(found.key); });
  for (const std::string& key : keys) {
    history_.Delete(key, at);
    leases_.Hang(key, 0);
  }
  return DeleteReply{static_cast<std::int64_t>(keys.size())};
}

OpReply Store::Apply(const Read& read, Revision) { return Find(read); }

Outcome<ReadReply> Store::Range(const Read& read) const {
  if (read.range.begin.empty()) return Refusal::kEmptyKey;
  if (const auto refusal = CheckBranch({read})) return *refusal;
  return Find(read);
}

ReadReply Store::Find(const Read& read) const {
  ReadReply reply;
  const Revision at = read.revision > 0 ? read.revision : revision();
  history_.Visit(read.range, at, [&](const KeyValue& found) {
    ++reply.count;
    if (read.limit <= 0 || reply.count <= read.limit) {
      reply.found.push_back(found);
    }
  });
  return reply;
}

Outcome<GrantedLease> Store::Grant(LeaseId lease,
                                   std::chrono::seconds time_to_live,
                                   Time now) {
  if (time_to_live > options_.lease_max) return Refusal::kLeaseTooLong;
  if (lease != 0 && leases_.Has(lease)) return Refusal::kLeaseExists;
  if (leases_.size() >= options_.leases_max) return Refusal::kTooManyLeases;
  if (lease == 0) {
    while (leases_.Has(next_lease_)) ++next_lease_;
    lease = next_lease_++;
  }
  const auto granted = std::max(time_to_live, options_.lease_min);
  leases_.Add(lease, granted, now);
  return GrantedLease{lease, granted};
}

Outcome<std::chrono::seconds> Store::KeepAlive(LeaseId lease, Time now) {
  const auto status = leases_.Status(lease, now);
  if (!status) return Refusal::kLeaseNotFound;
  leases_.Renew(lease, now);
  return status->granted;
}

Outcome<Revision> Store::Revoke(LeaseId lease) {
  if (!leases_.Has(lease)) return Refusal::kLeaseNotFound;
  const Revision at = revision() + 1;
  for (const std::string& key : leases_.Remove(lease)) {
    history_.Delete(key, at);
  }
  return revision();
}

std::vector<LeaseId> Store::Expire(Time now) {
  std::vector<LeaseId> expired = leases_.ExpiredAt(now);
  for (LeaseId lease : expired) Revoke(lease);
  return expired;
}

void Store::RenewAll(Time now) {
  for (LeaseId lease : leases_.All()) leases_.Renew(lease, now);
}

}  // namespace taskgraph::coordination
