// SPDX-License-Identifier: Apache-2.0
#include "job/adapters.h"

#include <utility>

#include "coordination/etcd/etcd_coordinator.h"
#include "coordination/service_coordinator.h"
#include "job/token.h"
#include "transport/socket_transport.h"

namespace taskgraph::job {

std::function<std::unique_ptr<coordination::Coordinator>(coordination::Sink)>
EmbeddedCoordinator(coordination::StoreService& service) {
  return [&service](coordination::Sink sink) {
    return std::make_unique<coordination::ServiceCoordinator>(service,
                                                              std::move(sink));
  };
}

Result<Papers> ReadPapers(const Security& security, const runtime::Log& log) {
  Papers papers;
  if (!security.tls.empty()) {
    auto tls =
        transport::Tls::Load(security.tls, [log](const std::string& line) {
          log(runtime::LogLevel::kWarning, line);
        });
    if (!tls) return tls.error();
    papers.tls = std::move(tls).value();
    papers.files = security.tls;
  }
  if (!security.user.empty()) {
    auto password = ReadSecret(security.password_file, "password");
    if (!password) return password.error();
    papers.user = security.user;
    papers.password = std::move(password).value();
  }
  return papers;
}

std::function<std::unique_ptr<coordination::Coordinator>(coordination::Sink)>
RemoteCoordinator(std::vector<std::string> endpoints, const Papers& papers) {
  coordination::EtcdOptions options;
  options.endpoints = std::move(endpoints);
  options.tls = papers.files;
  options.user = papers.user;
  options.password = papers.password;
  return [options](coordination::Sink sink) {
    auto coordinator = coordination::ConnectEtcd(options, std::move(sink));
    if (!coordinator) throw UsageError(coordinator.error().message);
    return std::move(coordinator).value();
  };
}

runtime::Adapters SocketAdapters(
    std::function<
        std::unique_ptr<coordination::Coordinator>(coordination::Sink)>
        coordinator,
    std::vector<transport::Address> listen, const Papers& papers,
    runtime::Log log) {
  runtime::Adapters adapters;
  adapters.make_transport = [tls = papers.tls](transport::Reactor& reactor,
                                               transport::Options options,
                                               transport::Sink sink) {
    options.tls = tls;
    return transport::MakeSocketTransport(reactor, std::move(options),
                                          std::move(sink));
  };
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
