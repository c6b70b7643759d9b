// SPDX-License-Identifier: Apache-2.0
//
// KvService: etcd's KV service over a SharedStore.
//
// Every call becomes one transaction of the store; a callback on the store's
// thread turns the reply into the answer. gRPC's threads only enqueue.
#pragma once

#include "coordination/etcd/server_answers.h"
#include "coordination/shared_store.h"

namespace taskgraph::coordination {

class KvService final : public pb::KV::CallbackService {
 public:
  KvService(SharedStore& store, ServerIdentity self)
      : store_(store), self_(self) {}

  grpc::ServerUnaryReactor* Range(grpc::CallbackServerContext* context,
                                  const pb::RangeRequest* request,
                                  pb::RangeResponse* response) override;
  grpc::ServerUnaryReactor* Put(grpc::CallbackServerContext* context,
                                const pb::PutRequest* request,
                                pb::PutResponse* response) override;
  grpc::ServerUnaryReactor* DeleteRange(
      grpc::CallbackServerContext* context,
      const pb::DeleteRangeRequest* request,
      pb::DeleteRangeResponse* response) override;
  grpc::ServerUnaryReactor* Txn(grpc::CallbackServerContext* context,
                                const pb::TxnRequest* request,
                                pb::TxnResponse* response) override;
  grpc::ServerUnaryReactor* Compact(grpc::CallbackServerContext* context,
                                    const pb::CompactionRequest* request,
                                    pb::CompactionResponse* response) override;

 private:
  SharedStore& store_;
  const ServerIdentity self_;
};

}  // namespace taskgraph::coordination
