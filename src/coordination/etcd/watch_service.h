// SPDX-License-Identifier: Apache-2.0
//
// WatchService: etcd's Watch service over a SharedStore. One stream carries any
// number of watches; the store's thread puts what they see into its queue.
#pragma once

#include "coordination/etcd/etcd_server.h"
#include "coordination/etcd/server_answers.h"
#include "coordination/shared_store.h"

namespace taskgraph::coordination {

class WatchService final : public pb::Watch::CallbackService {
 public:
  // `options` must outlive it.
  WatchService(SharedStore& store, ServerIdentity self,
               const EtcdServerOptions& options)
      : store_(store), self_(self), options_(options) {}

  grpc::ServerBidiReactor<pb::WatchRequest, pb::WatchResponse>* Watch(
      grpc::CallbackServerContext* context) override;

 private:
  SharedStore& store_;
  const ServerIdentity self_;
  const EtcdServerOptions& options_;
};

}  // namespace taskgraph::coordination
