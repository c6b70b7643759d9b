// SPDX-License-Identifier: Apache-2.0
//
// What the contract can't say because it takes several servers, or a store that
// is exchanged: the etcd client among endpoints that fail.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "contract/coordinator_contract.h"
#include "coordination/etcd/etcd_coordinator.h"
#include "coordination/etcd/etcd_server.h"
#include "coordination/store_service.h"
#include "support/free_port.h"
#include "support/real_etcd.h"

namespace taskgraph::coordination {
namespace {

using testing::ElementsAre;

// Clients that know several endpoints.
class EndpointsWorld final : public CoordinatorWorld {
 public:
  explicit EndpointsWorld(EtcdOptions options) : options_(std::move(options)) {}
  std::unique_ptr<Coordinator> NewClient(Sink sink) override {
    auto connected = ConnectEtcd(options_, std::move(sink));
    EXPECT_TRUE(connected.ok());
    return std::move(connected).value();
  }
  void Compact(Revision) override {}

 private:
  EtcdOptions options_;
};

std::unique_ptr<EtcdServer> Serve(StoreService& store,
                                  const std::string& address = "127.0.0.1:0") {
  auto started = EtcdServer::Start(store, {.listen = {address}});
  EXPECT_TRUE(started.ok()) << started.error().message;
  return std::move(started).value();
}

std::string DeadEndpoint() {
  return "127.0.0.1:" + std::to_string(test::FreePort());
}

template <typename Wanted>
std::size_t Count(Client& client) {
  std::size_t count = 0;
  for (const Event& event : client.recorder().events()) {
    count += std::holds_alternative<Wanted>(event) ? 1 : 0;
  }
  return count;
}

TEST(EtcdFailoverTest, ADeadFirstEndpointIsPassedOver) {
  StoreService store;
  const auto server = Serve(store);
  EtcdOptions options;
  options.endpoints = {DeadEndpoint(), server->endpoints().front()};
  EndpointsWorld world(options);
  Client client(world);

  EXPECT_EQ(client.Put("a", "1"), 2);

  EXPECT_EQ(Count<CoordinatorAway>(client), 0);
}

TEST(EtcdFailoverTest, WhenAnEndpointDiesEverythingGoesOnAtTheNext) {
  StoreService store;
  auto first = Serve(store);
  const auto second = Serve(store);
  EtcdOptions options;
  options.endpoints = {first->endpoints().front(), second->endpoints().front()};
  EndpointsWorld world(options);
  Client client(world);
  const LeaseGranted lease = client.Grant(std::chrono::seconds(1));
  client.Put("f/a", "1", lease.lease);
  const Tag watch = client.Watch(KeyRange::Prefix("f/"));
  ASSERT_TRUE(client.AwaitChange(watch, "f/a=1"));

  first.reset();
  client.Put("f/b", "2");

  ASSERT_TRUE(client.AwaitChange(watch, "f/b=2"));
  EXPECT_THAT(client.Story(watch), ElementsAre("list 2: f/a=1", "3: f/b=2"));
  EXPECT_EQ(Count<CoordinatorAway>(client), 0);
  // The lease is kept at the second: a longer one that is not kept ends before.
  const LeaseGranted left = client.Grant(std::chrono::seconds(2));
  client.Put("f/c", "3", left.lease);
  client.coordinator().AbandonLease(left.lease);
  ASSERT_TRUE(client.AwaitChange(watch, "-f/c"));
  EXPECT_TRUE(client.Exists("f/a"));
}

TEST(EtcdFailoverTest, AwayIsToldOnceWhenAllEndpointsAreGone) {
  StoreService store;
  auto server = Serve(store);
  const std::string address = server->endpoints().front();
  EtcdOptions options;
  options.endpoints = {DeadEndpoint(), address};
  EndpointsWorld world(options);
  Client client(world);
  client.Put("a", "1");

  server.reset();
  ASSERT_TRUE(client.AwaitEvent<CoordinatorAway>());
  server = Serve(store, address);
  ASSERT_TRUE(client.AwaitEvent<CoordinatorBack>());

  client.Put("a", "2");
  EXPECT_EQ(Count<CoordinatorAway>(client), 1);
}

TEST(EtcdFailoverTest, AStoreThatCameBackEmptyIsListedAnew) {
  auto store = std::make_unique<StoreService>();
  auto server = Serve(*store);
  const std::string address = server->endpoints().front();
  EtcdOptions options;
  options.endpoints = {address};
  EndpointsWorld world(options);
  Client client(world);
  const Tag watch = client.Watch(KeyRange::All());
  for (const char* value : {"1", "2", "3"}) client.Put("a", value);
  ASSERT_TRUE(client.AwaitChange(watch, "a=3"));

  server.reset();
  store = std::make_unique<StoreService>();
  server = Serve(*store, address);

  ASSERT_TRUE(client.AwaitEvent<WatchListed>(2));
  EXPECT_EQ(client.Story(watch).back(), "list 1:");
  client.Put("b", "1");
  ASSERT_TRUE(client.AwaitChange(watch, "2: b=1"));
}

TEST(EtcdFailoverTest, AWatchComparesEveryNowAndThen) {
  StoreService store;
  const auto server = Serve(store);
  EtcdOptions options;
  options.endpoints = {server->endpoints().front()};
  options.relist_interval = std::chrono::milliseconds(20);
  EndpointsWorld world(options);
  Client client(world);
  const Tag watch = client.Watch(KeyRange::All());

  ASSERT_TRUE(client.AwaitEvent<WatchListed>(3));
  client.Put("a", "1");

  ASSERT_TRUE(client.AwaitChange(watch, "a=1"));
}

TEST(EtcdFailoverTest, AnEtcdThatStandsStillIsAwayUntilItGoesOn) {
  if (!test::RealEtcd::IsInstalled()) GTEST_SKIP() << "etcd is not installed";
  test::RealEtcd etcd;
  EtcdOptions options;
  options.endpoints = {etcd.endpoint()};
  EndpointsWorld world(options);
  Client client(world);
  client.Grant(std::chrono::seconds(2));

  etcd.Pause();
  ASSERT_TRUE(client.AwaitEvent<CoordinatorAway>());
  etcd.Continue();

  ASSERT_TRUE(client.AwaitEvent<CoordinatorBack>());
  client.Put("a", "1");
}

TEST(EtcdFailoverTest, EndpointsThatCannotBeReadAreRefused) {
  for (const std::string bad : {"", "host", "host:", ":2379", "https://h",
                                "http://h:1/path", "unix:", "h:port"}) {
    EtcdOptions options;
    options.endpoints = {bad};
    EXPECT_FALSE(ConnectEtcd(options, [](Event) {}).ok()) << bad;
  }
  EXPECT_FALSE(ConnectEtcd({}, [](Event) {}).ok());
}

TEST(EtcdFailoverTest, AnAddressThatIsTakenIsAnErrorWithItsName) {
  StoreService store;
  const auto server = Serve(store);
  const std::string taken = server->endpoints().front();

  const auto second = EtcdServer::Start(store, {.listen = {taken}});

  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().message, testing::HasSubstr(taken));
}

}  // namespace
}  // namespace taskgraph::coordination
