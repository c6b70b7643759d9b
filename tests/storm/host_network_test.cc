// SPDX-License-Identifier: Apache-2.0
//
// Hosts that are cut from each other: an etcd is on one, a client on another.
#include "storm/host_network.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>

#include "storm/etcd_cluster.h"
#include "storm/passing.h"
#include "storm/proxy.h"
#include "support/program.h"

namespace taskgraph::storm {
namespace {

constexpr int kServer = 0;
constexpr int kClient = 1;

class HostNetworkTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string why_not = HostNetwork::WhyNot();
    if (!why_not.empty()) GTEST_SKIP() << why_not;
    network_ = std::make_unique<HostNetwork>(2);
    etcd_ = std::make_unique<EtcdCluster>(
        folder_.path(),
        std::vector<EtcdSeat>{
            {network_->AddressOf(kServer), network_->EntranceTo(kServer)}},
        EtcdAddress{.entrance = network_->EntranceToSwitch()});
  }

  bool IsReached() const {
    return Etcdctl({network_->EntranceTo(kClient), etcd_->endpoints()},
                   {"get", "some"})
               .exit_code == 0;
  }

  test::Folder folder_{"storm"};
  std::unique_ptr<HostNetwork> network_;
  std::unique_ptr<EtcdCluster> etcd_;
};

TEST_F(HostNetworkTest, ACutInEitherDirectionSilencesBothUntilItIsMended) {
  EXPECT_TRUE(IsReached());

  network_->Cut(kClient, kServer);
  EXPECT_FALSE(IsReached());
  network_->Mend(kClient, kServer);
  EXPECT_TRUE(IsReached());

  network_->Cut(kServer, kClient);
  EXPECT_FALSE(IsReached());
  network_->Mend(kServer, kClient);
  EXPECT_TRUE(IsReached());
}

TEST_F(HostNetworkTest, ALinkGoesDownAndComesUp) {
  network_->TakeLinkDown(kServer);
  EXPECT_FALSE(IsReached());
  network_->BringLinkUp(kServer);
  EXPECT_TRUE(IsReached());
}

TEST_F(HostNetworkTest, WhatIsAllLostDoesNotArrive) {
  network_->Lose(kServer, 100);
  EXPECT_FALSE(IsReached());
  network_->Lose(kServer, 0);
  EXPECT_TRUE(IsReached());
}

TEST_F(HostNetworkTest, ANarrowLinkStillCarriesAndCanBeWidenedTwice) {
  network_->Narrow(kServer, 64);
  EXPECT_TRUE(IsReached());
  network_->Narrow(kServer, 0);
  network_->Narrow(kServer, 0);
  EXPECT_TRUE(IsReached());
}

// It delays by up to so much on each of several ways there and back, or breaks.
TEST_F(HostNetworkTest, WhatIsDivertedGoesThroughTheProxy) {
  constexpr int kPort = 7777;
  const std::string orders = folder_ / "orders";
  network_->Divert(kClient, /*hosts=*/2, kPort);
  EXPECT_FALSE(IsReached());  // Nobody is at the door yet.

  std::vector<std::string> line = network_->EntranceTo(kClient);
  const std::string storm =
      std::filesystem::path(test::Self()).replace_filename("storm");
  line.insert(line.end(), {storm, "proxy", std::to_string(kPort), orders, "1"});
  const test::Program proxy(line);
  const Deadline patience(kGuardMs);
  while (!IsReached()) ASSERT_FALSE(patience.IsOver());

  WriteOrders(orders, {.delay_ms_max = 50});
  EXPECT_TRUE(IsReached());
  WriteOrders(orders, {.break_every_ms = 1});
  while (IsReached()) ASSERT_FALSE(patience.IsOver());
  WriteOrders(orders, {});
  while (!IsReached()) ASSERT_FALSE(patience.IsOver());
}

}  // namespace
}  // namespace taskgraph::storm
