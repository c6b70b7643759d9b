// SPDX-License-Identifier: Apache-2.0
//
// What clients ask the embedded coordinator by etcd's protocol
// (coordination/etcd/kv_service.h, lease_service.h), from the message's bytes
// to its answer. An input is a sequence of calls to one store.
#include <grpcpp/test/default_reactor_test_peer.h>

#include "coordination/etcd/kv_service.h"
#include "coordination/etcd/lease_service.h"
#include "coordination/etcd/operator_services.h"
#include "coordination/store_service.h"
#include "fuzz.h"

namespace {

// NOLINTNEXTLINE(google-build-using-namespace)
using namespace taskgraph::coordination;

enum Calls : std::uint8_t {
  kRange,
  kPut,
  kDeleteRange,
  kTxn,
  kCompact,
  kGrant,
  kRevoke,
  kTimeToLive,
  kLeases,
  kMembers,
  kStatus,
  kCalls
};

class Server {
 public:
  void Answer(const fuzz::Tagged& call) {
    switch (call.kind % kCalls) {
      case kRange:
        return TryKv(&KvService::Range, call.rest);
      case kPut:
        return TryKv(&KvService::Put, call.rest);
      case kDeleteRange:
        return TryKv(&KvService::DeleteRange, call.rest);
      case kTxn:
        return TryKv(&KvService::Txn, call.rest);
      case kCompact:
        return TryKv(&KvService::Compact, call.rest);
      case kGrant:
        return TryLease(&LeaseService::LeaseGrant, call.rest);
      case kRevoke:
        return TryLease(&LeaseService::LeaseRevoke, call.rest);
      case kTimeToLive:
        return TryLease(&LeaseService::LeaseTimeToLive, call.rest);
      case kLeases:
        return TryLease(&LeaseService::LeaseLeases, call.rest);
      case kMembers:
        return Try(cluster_, &ClusterService::MemberList, call.rest);
      default:
        return Try(maintenance_, &MaintenanceService::Status, call.rest);
    }
  }

 private:
  template <typename Method>
  void TryKv(Method method, std::string_view bytes) {
    Try(kv_, method, bytes);
  }
  template <typename Method>
  void TryLease(Method method, std::string_view bytes) {
    Try(lease_, method, bytes);
  }

  template <typename Service, typename Request, typename Response>
  void Try(Service& service,
           grpc::ServerUnaryReactor* (Service::*method)(
               grpc::CallbackServerContext*, const Request*, Response*),
           std::string_view bytes) {
    Request request;
    if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return;  // gRPC answers by itself.
    }
    Response response;
    grpc::CallbackServerContext context;
    grpc::testing::DefaultReactorTestPeer call(&context);
    (service.*method)(&context, &request, &response);
    store_.PostAndWait([](LocalStore&) {});  // It answers in order.
    fuzz::Require(call.test_status_set(), "each call is answered");
    fuzz::Require(!call.test_status().ok() || response.has_header(),
                  "what went well is signed");
  }

  StoreService store_;
  const ServerIdentity self_{1, 2};
  KvService kv_{store_, self_};
  LeaseService lease_{store_, self_, 1 << 20};
  ClusterService cluster_{store_, self_};
  MaintenanceService maintenance_{store_, self_};
};

std::string Call(std::uint8_t kind,
                 const google::protobuf::MessageLite& request) {
  return fuzz::Tag(kind, request.SerializeAsString());
}

pb::TxnRequest AllOperations() {
  Txn txn;
  txn.compares = {Compare::Absent("a"), Compare::ValueIs("b", "2"),
                  Compare::ModRevisionIs("c", 3)};
  txn.then = {Put{"a", "1"}, Read{KeyRange::Prefix("a"), 1, 0},
              Delete{KeyRange::One("b")}};
  txn.otherwise = {Read{KeyRange::All()}, Put{"d", "4"}};
  pb::TxnRequest request = ToWire(txn);
  request.mutable_success(0)->mutable_request_put()->set_prev_kv(true);
  request.mutable_success(2)->mutable_request_delete_range()->set_prev_kv(true);
  pb::RangeRequest& range =
      *request.mutable_failure(0)->mutable_request_range();
  range.set_sort_order(pb::RangeRequest::DESCEND);
  range.set_sort_target(pb::RangeRequest::MOD);
  range.set_min_mod_revision(1);
  range.set_keys_only(true);
  return request;
}

}  // namespace

void fuzz::Try(std::string_view bytes) {
  constexpr std::size_t kCallsMax = 32;
  Server server;
  std::vector<std::string_view> parts = Parts(bytes);
  if (parts.size() > kCallsMax) parts.resize(kCallsMax);
  for (std::string_view part : parts) server.Answer(Untag(part));
}

std::vector<std::string> fuzz::Seeds() {
  pb::PutRequest put;
  put.set_key("a");
  put.set_value("1");
  pb::PutRequest leased = put;
  leased.set_lease(7);
  pb::LeaseGrantRequest grant;
  grant.set_id(7);
  grant.set_ttl(2);
  pb::LeaseRevokeRequest revoke;
  revoke.set_id(7);
  pb::LeaseTimeToLiveRequest time;
  time.set_id(7);
  time.set_keys(true);
  pb::CompactionRequest compact;
  compact.set_revision(2);
  pb::RangeRequest old;
  old.set_key("a");
  old.set_revision(2);
  pb::DeleteRangeRequest removal;
  removal.set_key("a");
  removal.set_range_end("z");
  removal.set_prev_kv(true);
  return {
      Join({Call(kPut, put), Call(kTxn, AllOperations()),
            Call(kTxn, AllOperations())}),
      Join({Call(kGrant, grant), Call(kPut, leased), Call(kTimeToLive, time),
            Call(kRevoke, revoke), Call(kRange, old)}),
      Join({Call(kPut, put), Call(kPut, put), Call(kCompact, compact),
            Call(kRange, old), Call(kDeleteRange, removal)}),
      Join({Call(kLeases, pb::LeaseLeasesRequest()),
            Call(kMembers, pb::MemberListRequest()),
            Call(kStatus, pb::StatusRequest())})};
}
