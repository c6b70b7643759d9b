// SPDX-License-Identifier: Apache-2.0
//
// Many nodes at the same moment, and nodes that do not belong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "driver/running_app.h"
#include "faults/steady_job.h"
#include "support/real_etcd.h"

namespace taskgraph::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class CrowdProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!RealEtcd::IsInstalled()) GTEST_SKIP() << "there is no etcd here";
    etcd_ = std::make_unique<RealEtcd>();
  }

  // Each write of the coordinator's is a revision. Without those of epochs,
  // which go on while we look.
  std::int64_t Writes() {
    const auto said = nlohmann::json::parse(
        etcd_->Say({"get", "/taskgraph/crowd/clock", "-w=json"}).output);
    std::int64_t writes = said.at("header").at("revision");
    if (said.contains("kvs")) {
      writes -= said["kvs"].at(0).at("version").get<std::int64_t>();
    }
    return writes;
  }

  std::unique_ptr<RealEtcd> etcd_;
};

#ifdef TASKGRAPH_SANITIZED
constexpr int kNodes = 16;
#else
constexpr int kNodes = 60;
#endif

// All at once, each with a task; they write no more than what there is to say.
TEST_F(CrowdProcessTest, ManyProcessesThatStartAtOnceAreAllPlacedByFewWrites) {
  const std::int64_t before = Writes();
  RunningApp app({"run", "--coordinator", etcd_->endpoint(), "--name=crowd",
                  "--nodes=" + std::to_string(kNodes),
                  "--tasks=" + std::to_string(kNodes), "--slots=1",
                  "--config=mode=idle"});
  for (int i = 0; i < kNodes; ++i) {
    ASSERT_FALSE(app.NextEvent("assigned").is_null()) << i;
  }
  // Tasks 0 to 3 end an epoch each; so all are there.
  while (true) {
    const nlohmann::json epoch = app.NextEvent("epoch");
    ASSERT_FALSE(epoch.is_null());
    if (epoch.at("epoch") == 4) break;
  }

  // The job, the controller; a key for each node; the placement, in pieces of
  // 50 tasks.
  const std::int64_t writes = Writes() - before;
  RecordProperty("writes", std::to_string(writes));
  EXPECT_LE(writes, kNodes + kNodes / 50 + 20);
  app.Signal(SIGTERM);
  EXPECT_EQ(app.Wait(), 143);
}

TEST_F(CrowdProcessTest, ANodeWithOtherLinksIsRefusedWithBothNamed) {
  SteadyJob job({.endpoints = etcd_->endpoint()});
  job.StartController();
  job.StartNode();
  ASSERT_TRUE(
      job.Await([](const storm::Records& now) { return !now.tasks.empty(); }));

  RunningApp odd({"node", "--coordinator=" + etcd_->endpoint(),
                  "--token-file=" + job.folder() + "/token"},
                 {"STEADY_APP_OTHER_LINKS=1"}, STEADY_APP);

  EXPECT_EQ(odd.Wait(), 1);
  EXPECT_THAT(odd.Output(),
              AllOf(HasSubstr("links"), HasSubstr("next"), HasSubstr("boss")));
  job.StartNode();
  EXPECT_TRUE(job.IsWhole(2));
  EXPECT_EQ(job.Finish(), "");
}

}  // namespace
}  // namespace taskgraph::test
