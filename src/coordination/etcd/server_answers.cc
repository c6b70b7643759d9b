// SPDX-License-Identifier: Apache-2.0
#include "coordination/etcd/server_answers.h"

#include <string>

namespace taskgraph::coordination {
namespace {

grpc::StatusCode Code(Refusal refusal) {
  switch (refusal) {
    case Refusal::kEmptyKey:
    case Refusal::kTooManyOperations:
    case Refusal::kDuplicateKey:
    case Refusal::kTooLarge:
      return grpc::StatusCode::INVALID_ARGUMENT;
    case Refusal::kCompacted:
    case Refusal::kFutureRevision:
    case Refusal::kLeaseTooLong:
      return grpc::StatusCode::OUT_OF_RANGE;
    case Refusal::kLeaseNotFound:
      return grpc::StatusCode::NOT_FOUND;
    case Refusal::kLeaseExists:
      return grpc::StatusCode::FAILED_PRECONDITION;
    case Refusal::kNoSpace:
    case Refusal::kTooManyLeases:
      return grpc::StatusCode::RESOURCE_EXHAUSTED;
  }
  return grpc::StatusCode::INTERNAL;
}

}  // namespace

void ServerIdentity::Sign(Revision revision, pb::ResponseHeader& header) const {
  header.set_cluster_id(cluster_id);
  header.set_member_id(member_id);
  header.set_revision(revision);
  header.set_raft_term(1);  // One member, one term.
}

grpc::Status ToStatus(Refusal refusal) {
  return {Code(refusal), std::string(EtcdText(refusal))};
}

}  // namespace taskgraph::coordination
