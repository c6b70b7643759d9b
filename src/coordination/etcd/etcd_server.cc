// SPDX-License-Identifier: Apache-2.0
#include "coordination/etcd/etcd_server.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coordination/etcd/credentials.h"
#include "coordination/etcd/doorkeeper.h"
#include "coordination/etcd/kv_service.h"
#include "coordination/etcd/lease_service.h"
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
// takes that for an attack.
void SetArguments(grpc::ServerBuilder& builder, int calls_max) {
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
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
        maintenance_(store, self),
        doorkeeper_(std::make_unique<Doorkeeper>(options_.log)) {}

  ~GrpcServer() override {
    doorkeeper_.reset();  // First: it hands over to the server.
    if (!server_) return;
    // Nothing is gained by waiting for clients: cancel their calls now.
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
  }

  // Why it could not listen; none: all is well.
  std::optional<Error> Listen() {
    grpc::ServerBuilder builder;
    SetArguments(builder, options_.calls_max);
    for (const std::string& address : options_.listen) {
      auto door = Door::Open(address);
      if (!door) return door.error();
      endpoints_.push_back(door->endpoint());
      Guard(std::move(door).value(),
            builder.experimental().AddExternalConnectionAcceptor(
                grpc::ServerBuilder::experimental_type::ExternalConnectionType::
                    FROM_FD,
                ServerCredentialsFor(address, options_.tls)));
    }
    for (grpc::Service* service : std::initializer_list<grpc::Service*>{
             &kv_, &watch_, &lease_, &cluster_, &maintenance_}) {
      builder.RegisterService(service);
    }
    server_ = builder.BuildAndStart();
    if (!server_) {
      return Error{ErrorCode::kUnavailable, "cannot start the coordinator"};
    }
    Describe();
    doorkeeper_->Begin();
    return std::nullopt;
  }

  const std::vector<std::string>& endpoints() const override {
    return endpoints_;
  }

 private:
  using Acceptor = grpc::experimental::ExternalConnectionAcceptor;

  void Guard(Door door, std::unique_ptr<Acceptor> acceptor) {
    doorkeeper_->Guard(
        std::move(door),
        [acceptor = std::shared_ptr<Acceptor>(std::move(acceptor))](int fd) {
          Acceptor::NewConnectionParameters connection;
          connection.fd = fd;
          acceptor->HandleNewConnection(&connection);
        });
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
  std::unique_ptr<Doorkeeper> doorkeeper_;
};

}  // namespace

Result<std::unique_ptr<EtcdServer>> EtcdServer::Start(
    SharedStore& store, EtcdServerOptions options) {
  if (!options.log) options.log = [](std::string_view) {};
  // One store, one cluster: clients notice by it when they meet another store.
  const ServerIdentity self{store.identity(), store.identity() ^ 1};
  auto server = std::make_unique<GrpcServer>(store, self, std::move(options));
  if (auto error = server->Listen()) return *std::move(error);
  return std::unique_ptr<EtcdServer>(std::move(server));
}

}  // namespace taskgraph::coordination
