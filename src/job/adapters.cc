// SPDX-License-Identifier: Apache-2.0
#include "job/adapters.h"

#include <utility>

#include "coordination/etcd/etcd_coordinator.h"
#include "coordination/service_coordinator.h"
#include "transport/socket_transport.h"

namespace taskgraph::job {

std::function<std::unique_ptr<coordination::Coordinator>(coordination::Sink)>
EmbeddedCoordinator(coordination::StoreService& service) {
  return [&service](coordination::Sink sink) {
    return std::make_unique<coordination::ServiceCoordinator>(service,
                                                              std::move(sink));
  };
}

std::function<std::unique_ptr<coordination::Coordinator>(coordination::Sink)>
RemoteCoordinator(std::vector<std::string> endpoints) {
  return [endpoints = std::move(endpoints)](coordination::Sink sink) {
    coordination::EtcdOptions options;
    options.endpoints = endpoints;
    auto coordinator =
        coordination::ConnectEtcd(std::move(options), std::move(sink));
    if (!coordinator) throw UsageError(coordinator.error().message);
    return std::move(coordinator).value();
  };
}

runtime::Adapters SocketAdapters(
    std::function<
        std::unique_ptr<coordination::Coordinator>(coordination::Sink)>
        coordinator,
    std::vector<transport::Address> listen, runtime::Log log) {
  runtime::Adapters adapters;
  adapters.make_transport = transport::MakeSocketTransport;
  adapters.make_coordinator = std::move(coordinator);
  adapters.listen = std::move(listen);
  adapters.log = std::move(log);
  return adapters;
}

runtime::Adapters InProcessAdapters(coordination::StoreService& service,
                                    transport::InProcessNetwork& network,
                                    const std::string& name, runtime::Log log) {
  runtime::Adapters adapters;
  adapters.make_transport = [&network](transport::Reactor& reactor,
                                       transport::Options options,
                                       transport::Sink sink) {
    return network.MakeTransport(reactor, std::move(options), std::move(sink));
  };
  adapters.make_coordinator = EmbeddedCoordinator(service);
  adapters.listen = {"inproc:" + name};
  adapters.log = std::move(log);
  return adapters;
}

}  // namespace taskgraph::job
