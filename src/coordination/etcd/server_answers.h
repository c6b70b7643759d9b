// SPDX-License-Identifier: Apache-2.0
//
// What every answer of the server has in common: the header, and how a refusal
// becomes a gRPC status.
#pragma once

#include <cstdint>

#include "coordination/etcd/convert.h"
#include "coordination/refusal.h"

namespace taskgraph::coordination {

// Who answers.
struct ServerIdentity {
  std::uint64_t cluster_id = 0;
  std::uint64_t member_id = 0;

  void Sign(Revision revision, pb::ResponseHeader& header) const;
};

grpc::Status ToStatus(Refusal refusal);

}  // namespace taskgraph::coordination
