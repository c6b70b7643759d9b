// SPDX-License-Identifier: Apache-2.0
//
// The implementations of Coordinator that pass the contract.
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "contract/coordinator_contract.h"
#include "coordination/etcd/etcd_coordinator.h"
#include "coordination/etcd/etcd_server.h"
#include "coordination/local_coordinator.h"
#include "coordination/local_store.h"
#include "coordination/service_coordinator.h"
#include "coordination/store_service.h"
#include "support/command.h"
#include "support/real_etcd.h"

namespace taskgraph::coordination {
namespace {

std::unique_ptr<Coordinator> Connect(const std::string& endpoint, Sink sink) {
  EtcdOptions options;
  options.endpoints = {endpoint};
  auto connected = ConnectEtcd(std::move(options), std::move(sink));
  EXPECT_TRUE(connected.ok());
  return std::move(connected).value();
}

// On the caller's thread, with a clock of its own.
class LocalWorld final : public CoordinatorWorld {
 public:
  std::unique_ptr<Coordinator> NewClient(Sink sink) override {
    return std::make_unique<LocalCoordinator>(store_, std::move(sink));
  }
  void Compact(Revision at) override { store_.Compact(at); }
  bool HasOwnTime() const override { return true; }
  void PassTime() override {
    now_ += std::chrono::milliseconds(100);
    store_.Advance(now_);
  }

 private:
  Time now_{0};
  LocalStore store_;
};

// On a thread of this process.
class ServiceWorld : public CoordinatorWorld {
 public:
  std::unique_ptr<Coordinator> NewClient(Sink sink) override {
    return std::make_unique<ServiceCoordinator>(service_, std::move(sink));
  }
  void Compact(Revision at) override {
    service_.PostAndWait([=](LocalStore& store) { store.Compact(at); });
  }

 protected:
  StoreService service_;
};

// The same, served by etcd's protocol.
class EmbeddedWorld final : public ServiceWorld {
 public:
  explicit EmbeddedWorld(std::string address) : address_(std::move(address)) {
    Restore();
  }
  std::unique_ptr<Coordinator> NewClient(Sink sink) override {
    return Connect(address_, std::move(sink));
  }
  std::unique_ptr<Coordinator> NewInsider(Sink sink) override {
    return ServiceWorld::NewClient(std::move(sink));
  }
  void Interrupt() override { server_.reset(); }
  void Restore() override {
    auto started = EtcdServer::Start(service_, {.listen = {address_}});
    ASSERT_TRUE(started.ok()) << started.error().message;
    server_ = std::move(started).value();
    address_ = server_->endpoints().front();  // From now on the same port.
  }

 private:
  std::string address_;
  std::unique_ptr<EtcdServer> server_;
};

class EtcdWorld final : public CoordinatorWorld {
 public:
  std::unique_ptr<Coordinator> NewClient(Sink sink) override {
    return Connect(etcd_.endpoint(), std::move(sink));
  }
  void Compact(Revision at) override {
    const auto outcome =
        test::RunCommand({"/usr/bin/etcdctl", "--endpoints=" + etcd_.endpoint(),
                          "compaction", std::to_string(at)},
                         {}, {"ETCDCTL_API=3"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  }
  void Interrupt() override { etcd_.Kill(); }
  void Restore() override { etcd_.Restart(); }

 private:
  test::RealEtcd etcd_;
};

std::string SocketPath() {
  return "unix:" + (std::filesystem::temp_directory_path() /
                    ("taskgraph-contract-" + std::to_string(::getpid())))
                       .string();
}

const WorldKind kLocal{"Local", [] { return std::make_unique<LocalWorld>(); }};
const WorldKind kService{"Service",
                         [] { return std::make_unique<ServiceWorld>(); }};
const WorldKind kEmbedded{
    "Embedded", [] { return std::make_unique<EmbeddedWorld>("127.0.0.1:0"); }};
const WorldKind kEmbeddedUnix{
    "EmbeddedUnix",
    [] { return std::make_unique<EmbeddedWorld>(SocketPath()); }};
const WorldKind kEtcd{"Etcd", [] { return std::make_unique<EtcdWorld>(); },
                      &test::RealEtcd::IsInstalled};

std::string NameOf(const testing::TestParamInfo<WorldKind>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Every, CoordinatorContract,
                         testing::Values(kLocal, kService, kEmbedded,
                                         kEmbeddedUnix, kEtcd),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Every, InterruptedCoordinatorContract,
                         testing::Values(kEmbedded, kEmbeddedUnix, kEtcd),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Every, OvertakenCoordinatorContract,
                         testing::Values(kEmbedded, kEmbeddedUnix), NameOf);

}  // namespace
}  // namespace taskgraph::coordination
