// SPDX-License-Identifier: Apache-2.0
#include "coordination/etcd/lease_service.h"

#include <chrono>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "coordination/etcd/server_stream.h"

namespace taskgraph::coordination {
namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;

class KeepAliveStream final : public ServerStream<pb::LeaseKeepAliveRequest,
                                                  pb::LeaseKeepAliveResponse> {
 public:
  KeepAliveStream(SharedStore& store, const ServerIdentity& self,
                  std::size_t unread_bytes_max)
      : ServerStream(unread_bytes_max), store_(store), self_(self) {}

 private:
  void Handle(const pb::LeaseKeepAliveRequest& request) override {
    const auto self =
        std::static_pointer_cast<KeepAliveStream>(shared_from_this());
    store_.KeepAlive(
        request.id(), [self, lease = request.id()](
                          Revision revision, const Outcome<seconds>& outcome) {
          pb::LeaseKeepAliveResponse response;
          response.set_id(lease);
          // A lease that is gone has no time left; as in etcd that is no error.
          if (const seconds* granted = std::get_if<seconds>(&outcome)) {
            response.set_ttl(granted->count());
          }
          self->self_.Sign(revision, *response.mutable_header());
          self->Answer(std::move(response));
        });
  }

  SharedStore& store_;
  const ServerIdentity self_;  // A copy: streams may outlive the server.
};

}  // namespace

grpc::ServerUnaryReactor* LeaseService::LeaseGrant(
    grpc::CallbackServerContext* context, const pb::LeaseGrantRequest* request,
    pb::LeaseGrantResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  store_.Grant(request->id(), seconds(request->ttl()),
               [=, this](Revision revision, Outcome<GrantedLease> outcome) {
                 if (const Refusal* refusal = std::get_if<Refusal>(&outcome)) {
                   reactor->Finish(ToStatus(*refusal));
                   return;
                 }
                 const auto granted = std::get<GrantedLease>(outcome);
                 response->set_id(granted.lease);
                 response->set_ttl(granted.time_to_live.count());
                 self_.Sign(revision, *response->mutable_header());
                 reactor->Finish(grpc::Status::OK);
               });
  return reactor;
}

grpc::ServerUnaryReactor* LeaseService::LeaseRevoke(
    grpc::CallbackServerContext* context, const pb::LeaseRevokeRequest* request,
    pb::LeaseRevokeResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  store_.Revoke(request->id(),
                [=, this](Revision revision, Outcome<Revision> outcome) {
                  if (const Refusal* refusal = std::get_if<Refusal>(&outcome)) {
                    reactor->Finish(ToStatus(*refusal));
                    return;
                  }
                  self_.Sign(revision, *response->mutable_header());
                  reactor->Finish(grpc::Status::OK);
                });
  return reactor;
}

grpc::ServerBidiReactor<pb::LeaseKeepAliveRequest, pb::LeaseKeepAliveResponse>*
LeaseService::LeaseKeepAlive(grpc::CallbackServerContext*) {
  const auto stream =
      std::make_shared<KeepAliveStream>(store_, self_, unread_bytes_max_);
  stream->Start();
  return stream.get();
}

grpc::ServerUnaryReactor* LeaseService::LeaseTimeToLive(
    grpc::CallbackServerContext* context,
    const pb::LeaseTimeToLiveRequest* request,
    pb::LeaseTimeToLiveResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  response->set_id(request->id());
  const bool with_keys = request->keys();
  store_.TimeToLive(
      request->id(),
      [=, this](Revision revision, const Outcome<LeaseStatus>& outcome) {
        self_.Sign(revision, *response->mutable_header());
        response->set_ttl(-1);  // etcd's word for "no such lease".
        if (const auto* status = std::get_if<LeaseStatus>(&outcome)) {
          response->set_ttl(duration_cast<seconds>(status->remaining).count());
          response->set_grantedttl(status->granted.count());
          if (with_keys) {
            for (const auto& key : status->keys) response->add_keys(key);
          }
        }
        reactor->Finish(grpc::Status::OK);
      });
  return reactor;
}

grpc::ServerUnaryReactor* LeaseService::LeaseLeases(
    grpc::CallbackServerContext* context, const pb::LeaseLeasesRequest*,
    pb::LeaseLeasesResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  store_.Leases([=, this](Revision revision,
                          const Outcome<std::vector<LeaseId>>& outcome) {
    self_.Sign(revision, *response->mutable_header());
    for (LeaseId lease : std::get<std::vector<LeaseId>>(outcome)) {
      response->add_leases()->set_id(lease);
    }
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

}  // namespace taskgraph::coordination
