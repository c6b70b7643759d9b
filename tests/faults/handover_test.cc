// SPDX-License-Identifier: Apache-2.0
//
// Members that leave, or are killed, one after the other, under a job on a real
// etcd that loses nothing by it.
#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <vector>

#include "faults/steady_job_on_etcd.h"

namespace taskgraph::test {
namespace {

class HandoverTest : public SteadyJobOnEtcd {
 protected:
  // Each node in turn ends by `signal`, and another takes its place.
  void Replace(std::vector<std::string> nodes, int signal, int code) {
    for (const std::string& node : nodes) {
      job_->member(node).Signal(signal);
      EXPECT_EQ(job_->Bury(node), code);
      job_->StartNode();
      ASSERT_TRUE(job_->IsWhole(nodes.size())) << "after " << node;
    }
  }
};

TEST_F(HandoverTest, ATerminatedNodesTasksGoOnAtTheirBackups) {  // R4
  job_->StartController();
  const std::string one = job_->StartNode();
  const std::string two = job_->StartNode();
  ASSERT_TRUE(job_->IsWhole(2));

  job_->member(one).Signal(SIGTERM);
  EXPECT_EQ(job_->Bury(one), 143);

  EXPECT_TRUE(job_->Await([&](const storm::Records& now) {
    for (const auto& [task, record] : now.tasks) {
      if (record.primary != two || record.incarnation != 1) return false;
    }
    return true;
  }));
  EXPECT_TRUE(job_->MovesOn());
  EXPECT_EQ(job_->Finish(), "");
}

TEST_F(HandoverTest, AllMembersAreRestartedOneByOneAndTheJobGoesOn) {
  std::vector<std::string> controllers;
  for (int i = 0; i < 2; ++i) controllers.push_back(job_->StartController());
  std::vector<std::string> nodes;
  for (int i = 0; i < 3; ++i) nodes.push_back(job_->StartNode());
  ASSERT_TRUE(job_->IsWhole(3));

  Replace(nodes, SIGTERM, 143);
  for (const std::string& controller : controllers) {
    job_->member(controller).Signal(SIGTERM);
    EXPECT_EQ(job_->Bury(controller), 143);
    job_->StartController();
    ASSERT_TRUE(job_->IsWhole(3)) << "after " << controller;
  }

  EXPECT_EQ(job_->Finish(), "");
}

TEST_F(HandoverTest, AllNodesAreKilledOneByOneAndTheJobGoesOn) {  // R4, R16
  job_->StartController();
  std::vector<std::string> nodes;
  for (int i = 0; i < 3; ++i) nodes.push_back(job_->StartNode());
  ASSERT_TRUE(job_->IsWhole(3));

  Replace(nodes, SIGKILL, -SIGKILL);

  EXPECT_EQ(job_->Finish(), "");
}

// Without backups each kill is a loss that neighbors are told of, and who is a
// neighbor changes with every epoch; the application knows who may be told.
TEST_F(HandoverTest, LinksThatChangeUnderKillsAreFollowed) {  // R22
  MakeJob({"--backups=0", "--config=forgets=yes"});
  job_->StartController();
  std::vector<std::string> nodes;
  for (int i = 0; i < 3; ++i) nodes.push_back(job_->StartNode());
  ASSERT_TRUE(job_->IsWhole(3, /*backups=*/0));

  constexpr int kKills = 9;
  for (int i = 0; i < kKills; ++i) {
    std::string& node = nodes[i % nodes.size()];
    job_->member(node).Signal(SIGKILL);
    job_->Bury(node);
    node = job_->StartNode();
    ASSERT_TRUE(job_->IsWhole(3, /*backups=*/0)) << i;
  }

  EXPECT_EQ(job_->Finish(), "");
}

}  // namespace
}  // namespace taskgraph::test
