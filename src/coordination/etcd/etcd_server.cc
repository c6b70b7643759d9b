// SPDX-License-Identifier: Apache-2.0
#include "coordination/etcd/etcd_server.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "coordination/etcd/credentials.h"
#include "coordination/etcd/kv_service.h"
#include "coordination/etcd/lease_service.h"
#include "coordination/etcd/listen_check.h"
#include "coordination/etcd/operator_services.h"
#include "coordination/etcd/watch_service.h"

namespace taskgraph::coordination {
namespace {

bool IsUnix(const std::string& address) { return address.starts_with("unix:"); }

std::string Url(const std::string& endpoint, bool is_sealed) {
  if (IsUnix(endpoint)) return "unix://" + endpoint.substr(5);
  return (is_sealed ? "https://" : "http://") + endpoint;
}

// Clients ping every few seconds, also when nothing goes on; gRPC's default
// takes that for an attack. Two servers must not share a port unseen.
void SetArguments(grpc::ServerBuilder& builder, int calls_max) {
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(2 << 20);  // etcd's: 1.5 MiB and overhead.
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 16 << 10);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, calls_max);
}

class GrpcServer final : public EtcdServer {
 public:
  GrpcServer(SharedStore& store, ServerIdentity self, EtcdServerOptions options)
      : options_(std::move(options)),
        kv_(store, self),
        watch_(store, self, options_),
        lease_(store, self, options_.unread_bytes_max),
        cluster_(store, self),
        maintenance_(store, self) {}

  ~GrpcServer() override {
    if (!server_) return;
    // Nothing is gained by waiting for clients: cancel their calls now.
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
  }

  // Where it could not listen; empty: all is well.
  std::string Listen() {
    grpc::ServerBuilder builder;
    SetArguments(builder, options_.calls_max);
    std::vector<int> ports(options_.listen.size(), 0);
    for (std::size_t i = 0; i < ports.size(); ++i) {
      builder.AddListeningPort(
          options_.listen[i],
          ServerCredentialsFor(options_.listen[i], options_.tls), &ports[i]);
    }
    for (grpc::Service* service : std::initializer_list<grpc::Service*>{
             &kv_, &watch_, &lease_, &cluster_, &maintenance_}) {
      builder.RegisterService(service);
    }
    server_ = builder.BuildAndStart();
    for (std::size_t i = 0; i < ports.size(); ++i) {
      if (ports[i] == 0) return options_.listen[i];
      if (!server_) return options_.listen.back();  // It does not say where.
      endpoints_.push_back(WithPort(options_.listen[i], ports[i]));
    }
    Describe();
    return {};
  }

  const std::vector<std::string>& endpoints() const override {
    return endpoints_;
  }

 private:
  static std::string WithPort(const std::string& address, int port) {
    if (IsUnix(address)) return address;
    return address.substr(0, address.rfind(':') + 1) + std::to_string(port);
  }

  void Describe() {
    std::vector<std::string> urls;
    for (const std::string& endpoint : endpoints_) {
      urls.push_back(Url(endpoint, !options_.tls.empty()));
    }
    cluster_.Describe(options_.name, std::move(urls));
  }

  const EtcdServerOptions options_;
  KvService kv_;
  WatchService watch_;
  LeaseService lease_;
  ClusterService cluster_;
  MaintenanceService maintenance_;
  std::vector<std::string> endpoints_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

Result<std::unique_ptr<EtcdServer>> EtcdServer::Start(
    SharedStore& store, EtcdServerOptions options) {
  for (const std::string& address : options.listen) {
    if (auto objection = ObjectionToListen(address)) return *objection;
  }
  // One store, one cluster: clients notice by it when they meet another store.
  const ServerIdentity self{store.identity(), store.identity() ^ 1};
  auto server = std::make_unique<GrpcServer>(store, self, std::move(options));
  const std::string failed = server->Listen();
  if (!failed.empty()) {
    return Error{ErrorCode::kUnavailable,
                 "cannot listen at " + failed +
                     ": the address is in use, or not this machine's"};
  }
  return std::unique_ptr<EtcdServer>(std::move(server));
}

}  // namespace taskgraph::coordination
