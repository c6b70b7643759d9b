// SPDX-License-Identifier: Apache-2.0
//
// Cables that are cut, on hosts of our own (network namespaces): a link that
// comes and goes, and a member of etcd that is alone with the job.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "faults/steady_job.h"
#include "storm/etcd_cluster.h"
#include "storm/host_network.h"
#include "storm/passing.h"
#include "support/program.h"
#include "support/real_etcd.h"

namespace taskgraph::test {
namespace {

using storm::EtcdCluster;
using storm::EtcdSeat;
using storm::HostNetwork;

// So many hosts, of which the first `members` have an etcd each; the job is
// seen from the last one.
class Landscape {
 public:
  Landscape(int members, int hosts) : network_(hosts) {
    std::vector<EtcdSeat> seats;
    for (int host = 0; host < members; ++host) {
      seats.push_back({network_.AddressOf(host), network_.EntranceTo(host)});
    }
    etcd_ = std::make_unique<EtcdCluster>(
        folder_.path().string(), std::move(seats),
        storm::EtcdAddress{.entrance = network_.EntranceToSwitch()});
    job_ = std::make_unique<SteadyJob>(
        SteadyJob::Setting{.endpoints = etcd_->endpoints(),
                           .entrance = network_.EntranceTo(hosts - 1)});
  }

  HostNetwork& network() { return network_; }
  EtcdCluster& etcd() { return *etcd_; }
  SteadyJob& job() { return *job_; }

  std::string StartNodeOn(int host) {
    return job_->StartNode({"--listen=tcp:" + network_.AddressOf(host) + ":0",
                            "--host=host" + std::to_string(host), "--insecure"},
                           network_.EntranceTo(host));
  }

  std::string EndpointsBut(int member) const {
    std::istringstream all(etcd_->endpoints());
    std::string others;
    int i = 0;
    for (std::string one; std::getline(all, one, ','); ++i) {
      if (i != member) others += (others.empty() ? "" : ",") + one;
    }
    return others;
  }

  // From the other members of etcd alone, or back.
  void Part(int member, void (HostNetwork::*how)(int, int)) {
    for (int other = 0; other < static_cast<int>(etcd_->size()); ++other) {
      if (other == member) continue;
      (network_.*how)(member, other);
      (network_.*how)(other, member);
    }
  }

 private:
  Folder folder_;
  HostNetwork network_;
  std::unique_ptr<EtcdCluster> etcd_;
  std::unique_ptr<SteadyJob> job_;
};

class NetworkTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!RealEtcd::IsInstalled()) GTEST_SKIP() << "there is no etcd here";
    const std::string why = HostNetwork::WhyNot();
    if (!why.empty()) GTEST_SKIP() << why;
  }
};

// How often a task's primary has changed.
std::uint64_t Takeovers(const SteadyJob& job) {
  std::uint64_t takeovers = 0;
  for (int task = 0; task < SteadyJob::kTasks; ++task) {
    const std::string key =
        SteadyJob::kPrefix + ("tasks/" + std::to_string(task) + "/term");
    const std::string said = job.Ask({"get", key, "--print-value-only"}).output;
    takeovers += std::stoull(said) - 1;
  }
  return takeovers;
}

TEST_F(NetworkTest, ALinkThatComesAndGoesCostsAFewTakeoversEachTime) {
  Landscape land(1, 4);
  SteadyJob& job = land.job();
  job.StartController();
  for (const int host : {1, 2, 3}) land.StartNodeOn(host);
  ASSERT_TRUE(job.IsWhole(3));

  constexpr int kTimes = 8;
  for (int i = 0; i < kTimes; ++i) {
    land.network().TakeLinkDown(2);
    storm::Pass(150 << (i % 5));  // 0.15 to 2.4 s.
    land.network().BringLinkUp(2);
    // Before the next one all have a backup again, or a task would be lost.
    ASSERT_TRUE(job.IsWhole(3)) << i;
  }

  // At each change every task changes its primary once at most.
  EXPECT_LE(Takeovers(job), 2ULL * kTimes * SteadyJob::kTasks);
  EXPECT_EQ(job.Finish(), "");
}

// It answers, but nothing that it says can be trusted: who talks to it must
// notice, and ask another.
TEST_F(NetworkTest, AnIsolatedMemberOfEtcdIsLeftForAnother) {
  Landscape land(3, 4);
  SteadyJob& job = land.job();
  job.StartController();
  for (int i = 0; i < 2; ++i) land.StartNodeOn(3);
  ASSERT_TRUE(job.IsWhole(2));
  const auto before = job.Look().tasks;

  for (int member = 0; member < 3; ++member) {
    job.AskAt(land.EndpointsBut(member));
    land.Part(member, &HostNetwork::Cut);
    ASSERT_TRUE(job.MovesOn()) << member;
    storm::Pass(3'000);
    ASSERT_TRUE(job.MovesOn()) << member;
    land.Part(member, &HostNetwork::Mend);
    ASSERT_TRUE(job.IsWhole(2));
  }

  for (const auto& [task, record] : job.Look().tasks) {
    EXPECT_EQ(record.primary, before.at(task).primary);
  }
  EXPECT_EQ(job.Finish(), "");
}

TEST_F(NetworkTest, WhenTheLeaderOfEtcdIsKilledOrStoppedTheJobGoesOn) {
  Landscape land(3, 4);
  SteadyJob& job = land.job();
  job.StartController();
  for (int i = 0; i < 2; ++i) land.StartNodeOn(3);
  ASSERT_TRUE(job.IsWhole(2));

  for (const bool kill : {true, false}) {
    const auto leader = land.etcd().Leader();
    ASSERT_TRUE(leader);
    kill ? land.etcd().Kill(*leader) : land.etcd().Pause(*leader);
    ASSERT_TRUE(job.MovesOn()) << kill;
    kill ? land.etcd().Restart(*leader) : land.etcd().Continue(*leader);
    ASSERT_TRUE(job.IsWhole(2)) << kill;
  }

  for (const auto& [task, record] : job.Look().tasks) {
    EXPECT_EQ(record.incarnation, 1U);
  }
  EXPECT_EQ(job.Finish(), "");
}

}  // namespace
}  // namespace taskgraph::test
