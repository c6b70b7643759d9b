// SPDX-License-Identifier: Apache-2.0
//
// LeaseService: etcd's Lease service over a SharedStore.
#pragma once

#include "coordination/etcd/server_answers.h"
#include "coordination/shared_store.h"

namespace taskgraph::coordination {

class LeaseService final : public pb::Lease::CallbackService {
 public:
  LeaseService(SharedStore& store, ServerIdentity self,
               std::size_t unread_bytes_max)
      : store_(store), self_(self), unread_bytes_max_(unread_bytes_max) {}

  grpc::ServerUnaryReactor* LeaseGrant(
      grpc::CallbackServerContext* context,
      const pb::LeaseGrantRequest* request,
      pb::LeaseGrantResponse* response) override;
  grpc::ServerUnaryReactor* LeaseRevoke(
      grpc::CallbackServerContext* context,
      const pb::LeaseRevokeRequest* request,
      pb::LeaseRevokeResponse* response) override;
  grpc::ServerBidiReactor<pb::LeaseKeepAliveRequest,
                          pb::LeaseKeepAliveResponse>*
  LeaseKeepAlive(grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* LeaseTimeToLive(
      grpc::CallbackServerContext* context,
      const pb::LeaseTimeToLiveRequest* request,
      pb::LeaseTimeToLiveResponse* response) override;
  grpc::ServerUnaryReactor* LeaseLeases(
      grpc::CallbackServerContext* context,
      const pb::LeaseLeasesRequest* request,
      pb::LeaseLeasesResponse* response) override;

 private:
  SharedStore& store_;
  const ServerIdentity self_;
  const std::size_t unread_bytes_max_;
};

}  // namespace taskgraph::coordination
