// SPDX-License-Identifier: Apache-2.0
#include "coordination/etcd/etcd_coordinator.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "coordination/etcd/connection.h"
#include "coordination/etcd/convert.h"
#include "coordination/etcd/etcd_watch.h"
#include "coordination/etcd/lease_keeper.h"
#include "threads/mutex.h"

namespace taskgraph::coordination {
namespace {

class EtcdCoordinator final : public Coordinator {
 public:
  EtcdCoordinator(EtcdOptions options, Sink sink)
      : connection_(
            std::make_unique<Connection>(std::move(options), std::move(sink))),
        leases_(*connection_) {
    const threads::Lock lock(mutex());
    connection_->Start([this] {
      for (const auto& [tag, watch] : watches_) watch->Resume();
      leases_.Resume();
    });
  }

  ~EtcdCoordinator() override {
    {
      const threads::Lock lock(mutex());
      connection_->Stop();
      for (const auto& [tag, watch] : watches_) watch->End();
      leases_.End();
    }
    connection_.reset();  // Joins its thread.
  }

  void Commit(Tag tag, Txn txn) override {
    pb::TxnRequest request = ToWire(txn);
    const threads::Lock lock(mutex());
    connection_->Ask<pb::TxnRequest, pb::TxnResponse>(
        [](const Endpoint& endpoint, auto* context, const auto& r,
           auto* queue) { return endpoint.kv->AsyncTxn(context, r, queue); },
        std::move(request),
        [=, this](const grpc::Status& status, const pb::TxnResponse& response,
                  Clock::time_point) {
          if (status.ok()) {
            connection_->Deliver(TxnDecided{tag, FromWire(response)});
          } else {
            Fail(tag, status);
          }
        });
  }

  void Watch(Tag tag, KeyRange range, Revision from) override {
    const threads::Lock lock(mutex());
    EndWatch(tag);
    const auto watch =
        std::make_shared<EtcdWatch>(*connection_, tag, std::move(range));
    watches_[tag] = watch;
    watch->Begin(from);
  }

  void Unwatch(Tag tag) override {
    const threads::Lock lock(mutex());
    EndWatch(tag);
  }

  void GrantLease(Tag tag, std::chrono::seconds time_to_live) override {
    pb::LeaseGrantRequest request;
    request.set_ttl(time_to_live.count());
    const threads::Lock lock(mutex());
    connection_->Ask<pb::LeaseGrantRequest, pb::LeaseGrantResponse>(
        [](const Endpoint& endpoint, auto* context, const auto& r,
           auto* queue) {
          return endpoint.lease->AsyncLeaseGrant(context, r, queue);
        },
        request,
        [=, this](const grpc::Status& status,
                  const pb::LeaseGrantResponse& response,
                  Clock::time_point sent_at) {
          if (!status.ok()) {
            Fail(tag, status);
            return;
          }
          const std::chrono::seconds granted =
              TimeToLiveFromWire(response.ttl());
          leases_.Keep(response.id(), granted, sent_at);
          connection_->Deliver(LeaseGranted{tag, response.id(), granted});
        });
  }

  void RevokeLease(Tag tag, LeaseId lease) override {
    pb::LeaseRevokeRequest request;
    request.set_id(lease);
    const threads::Lock lock(mutex());
    connection_->Ask<pb::LeaseRevokeRequest, pb::LeaseRevokeResponse>(
        [](const Endpoint& endpoint, auto* context, const auto& r,
           auto* queue) {
          return endpoint.lease->AsyncLeaseRevoke(context, r, queue);
        },
        request,
        [=, this](const grpc::Status& status, const pb::LeaseRevokeResponse&,
                  Clock::time_point) {
          // That there is none is as good.
          if (!status.ok() &&
              status.error_code() != grpc::StatusCode::NOT_FOUND) {
            Fail(tag, status);
            return;
          }
          connection_->Deliver(TxnDecided{tag, {}});
          if (leases_.Forget(lease)) connection_->Deliver(LeaseLost{lease});
        });
  }

  void AbandonLease(LeaseId lease) override {
    const threads::Lock lock(mutex());
    leases_.Forget(lease);
  }

 private:
  threads::Mutex& mutex() { return connection_->loop().mutex(); }

  void Fail(Tag tag, const grpc::Status& status) {
    const bool retry = IsWorthRetrying(status);
    connection_->Deliver(CallFailed{
        tag, status.error_message(), retry,
        retry && status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED});
  }

  void EndWatch(Tag tag) {
    const auto found = watches_.extract(tag);
    if (found) found.mapped()->End();
  }

  std::unique_ptr<Connection> connection_;
  LeaseKeeper leases_;
  std::map<Tag, std::shared_ptr<EtcdWatch>> watches_;
};

}  // namespace

Result<std::unique_ptr<Coordinator>> ConnectEtcd(EtcdOptions options,
                                                 Sink sink) {
  if (options.endpoints.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 "no coordinator endpoint given; name at least one, such as "
                 "http://127.0.0.1:2379"};
  }
  for (const std::string& endpoint : options.endpoints) {
    if (DialTarget(endpoint).empty()) {
      return Error{ErrorCode::kInvalidArgument,
                   "cannot read the coordinator endpoint '" + endpoint +
                       "'; write HOST:PORT, http://HOST:PORT or unix:PATH"};
    }
  }
  return std::unique_ptr<Coordinator>(
      std::make_unique<EtcdCoordinator>(std::move(options), std::move(sink)));
}

}  // namespace taskgraph::coordination
