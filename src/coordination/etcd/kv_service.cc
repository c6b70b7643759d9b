// SPDX-License-Identifier: Apache-2.0
#include "coordination/etcd/kv_service.h"

#include <memory>
#include <utility>
#include <variant>

#include "coordination/etcd/server_txn.h"

namespace taskgraph::coordination {
namespace {

grpc::ServerUnaryReactor* Finished(grpc::CallbackServerContext* context,
                                   const grpc::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

// Where a call comes from, and where its answer goes.
template <typename Response>
struct Caller {
  grpc::CallbackServerContext* context;
  Response* response;
  const ServerIdentity& self;
};

// Commits `wire` and, unless it is refused, lets `take` move what it needs out
// of the answer.
template <typename Response, typename Take>
grpc::ServerUnaryReactor* Transact(SharedStore& store,
                                   const Caller<Response>& caller,
                                   pb::TxnRequest wire, Take take) {
  Txn txn;
  const grpc::Status readable = FromWire(wire, txn);
  if (!readable.ok()) return Finished(caller.context, readable);
  const Previous previous = WantsPrevious(wire);
  grpc::ServerUnaryReactor* reactor = caller.context->DefaultReactor();
  const auto reply = [=, wire = std::move(wire)](
                         Revision revision, const Outcome<Applied>& outcome) {
    if (const Refusal* refusal = std::get_if<Refusal>(&outcome)) {
      reactor->Finish(ToStatus(*refusal));
      return;
    }
    pb::TxnResponse answer;
    Answer(wire, std::get<Applied>(outcome), answer);
    take(answer);
    caller.self.Sign(revision, *caller.response->mutable_header());
    reactor->Finish(grpc::Status::OK);
  };
  store.Commit(std::move(txn), previous, reply);
  return reactor;
}

}  // namespace

grpc::ServerUnaryReactor* KvService::Range(grpc::CallbackServerContext* context,
                                           const pb::RangeRequest* request,
                                           pb::RangeResponse* response) {
  pb::TxnRequest wire;
  *wire.add_success()->mutable_request_range() = *request;
  return Transact(
      store_, Caller<pb::RangeResponse>{context, response, self_},
      std::move(wire), [response](pb::TxnResponse& answer) {
        response->Swap(answer.mutable_responses(0)->mutable_response_range());
      });
}

grpc::ServerUnaryReactor* KvService::Put(grpc::CallbackServerContext* context,
                                         const pb::PutRequest* request,
                                         pb::PutResponse* response) {
  pb::TxnRequest wire;
  *wire.add_success()->mutable_request_put() = *request;
  return Transact(
      store_, Caller<pb::PutResponse>{context, response, self_},
      std::move(wire), [response](pb::TxnResponse& answer) {
        response->Swap(answer.mutable_responses(0)->mutable_response_put());
      });
}

grpc::ServerUnaryReactor* KvService::DeleteRange(
    grpc::CallbackServerContext* context, const pb::DeleteRangeRequest* request,
    pb::DeleteRangeResponse* response) {
  pb::TxnRequest wire;
  *wire.add_success()->mutable_request_delete_range() = *request;
  return Transact(
      store_, Caller<pb::DeleteRangeResponse>{context, response, self_},
      std::move(wire), [response](pb::TxnResponse& answer) {
        response->Swap(
            answer.mutable_responses(0)->mutable_response_delete_range());
      });
}

grpc::ServerUnaryReactor* KvService::Txn(grpc::CallbackServerContext* context,
                                         const pb::TxnRequest* request,
                                         pb::TxnResponse* response) {
  return Transact(
      store_, Caller<pb::TxnResponse>{context, response, self_}, *request,
      [response](pb::TxnResponse& answer) { response->Swap(&answer); });
}

grpc::ServerUnaryReactor* KvService::Compact(
    grpc::CallbackServerContext* context, const pb::CompactionRequest* request,
    pb::CompactionResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  store_.Compact(request->revision(), [=, this](Revision revision,
                                                Outcome<Revision> outcome) {
    if (const Refusal* refusal = std::get_if<Refusal>(&outcome)) {
      reactor->Finish(ToStatus(*refusal));
      return;
    }
    self_.Sign(revision, *response->mutable_header());
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

}  // namespace taskgraph::coordination
