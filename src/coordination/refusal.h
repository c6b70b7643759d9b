// SPDX-License-Identifier: Apache-2.0
//
// Why a store declines a call. The texts are etcd's own, because its clients
// recognize errors by them; where the limit is this store's, they name it.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

namespace taskgraph::coordination {

// All of these mean that nothing was changed, and, but for the last two, that
// the same call would be refused again.
enum class Refusal : std::uint8_t {
  kEmptyKey,
  kTooManyOperations,
  kDuplicateKey,
  kTooLarge,
  kCompacted,       // List again: that part of the history is gone.
  kFutureRevision,  // This store has never been there.
  kLeaseNotFound,   // Grant a new one.
  kLeaseExists,
  kLeaseTooLong,
  kNoSpace,        // Something must be deleted first.
  kTooManyLeases,  // Some must end first.
};

constexpr std::string_view EtcdText(Refusal refusal) {
  switch (refusal) {
    case Refusal::kEmptyKey:
      return "etcdserver: key is not provided";
    case Refusal::kTooManyOperations:
      return "etcdserver: too many operations in txn request";
    case Refusal::kDuplicateKey:
      return "etcdserver: duplicate key given in txn request";
    case Refusal::kTooLarge:
      return "etcdserver: request is too large";
    case Refusal::kCompacted:
      return "etcdserver: mvcc: required revision has been compacted";
    case Refusal::kFutureRevision:
      return "etcdserver: mvcc: required revision is a future revision";
    case Refusal::kLeaseNotFound:
      return "etcdserver: requested lease not found";
    case Refusal::kLeaseExists:
      return "etcdserver: lease already exists";
    case Refusal::kLeaseTooLong:
      return "etcdserver: too large lease TTL";
    case Refusal::kNoSpace:
      return "etcdserver: mvcc: database space exceeded (bytes_max of the "
             "embedded coordinator)";
    case Refusal::kTooManyLeases:
      return "etcdserver: too many requests (leases_max of the embedded "
             "coordinator)";
  }
  return "";
}

// The same call may be taken later.
constexpr bool WantsRoom(Refusal refusal) {
  return refusal == Refusal::kNoSpace || refusal == Refusal::kTooManyLeases;
}

// What was asked for, or why not.
template <typename T>
using Outcome = std::variant<T, Refusal>;

}  // namespace taskgraph::coordination
