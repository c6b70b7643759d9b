// SPDX-License-Identifier: Apache-2.0
//
// `node` and `controller`, and `run` with an etcd of its user's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <string>
#include <vector>

#include "driver/running_app.h"
#include "support/command.h"
#include "support/real_etcd.h"

namespace taskgraph::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(NodeTest, SaysWhatItWaitedForInVain) {
  const std::string nowhere = "unix:/nowhere/etcd.sock";
  for (const char* command : {"run", "node", "controller"}) {
    const CommandOutcome outcome = RunCommand(
        {DRIVER_APP, command, "--coordinator", nowhere, "--wait", "200ms"});

    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_THAT(outcome.output,
                AllOf(HasSubstr("no coordinator answers at " + nowhere),
                      HasSubstr("waited 200ms")));
  }
}

TEST(NodeTest, ASignalEndsTheWait) {
  RunningApp app({"node", "--coordinator", "unix:/nowhere/etcd.sock", "--wait",
                  "0s", "--log-level", "info"});
  // It is at work when it has said what it waits for.
  app.Signal(SIGTERM);

  EXPECT_THAT(app.Wait(), testing::AnyOf(143, -SIGTERM));
}

class EtcdTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!RealEtcd::IsInstalled()) GTEST_SKIP() << "there is no etcd here";
    etcd_ = std::make_unique<RealEtcd>();
    folder_.Write("token", "sesame");
    folder_.Write("other", "tahini");
  }

  std::vector<std::string> Member(std::vector<std::string> more) const {
    std::vector<std::string> arguments = {more[0],
                                          "--coordinator=" + etcd_->endpoint(),
                                          "--token-file=" + Path("token")};
    arguments.insert(arguments.end(), more.begin() + 1, more.end());
    return arguments;
  }
  std::string Path(const std::string& name) const { return folder_ / name; }

  std::unique_ptr<RealEtcd> etcd_;
  TestFolder folder_;
};

TEST_F(EtcdTest, RunTakesItsUsersEtcd) {
  RunningApp app({"--coordinator", etcd_->endpoint(), "--nodes", "2",
                  "--config", "mode=count"});

  EXPECT_EQ(app.NextEvent("ended").value("message", ""), "counted to 100");
  EXPECT_EQ(app.Wait(), 0);
}

TEST_F(EtcdTest, EtcdctlLooksIntoTheEmbeddedCoordinator) {
  RunningApp app(
      {"--listen-coordinator", "127.0.0.1:0", "--config", "mode=idle"});
  ASSERT_FALSE(app.NextEvent("assigned").is_null());
  const std::string line = app.Output();
  const std::size_t begin = line.find("127.0.0.1:");
  ASSERT_NE(begin, std::string::npos);

  const CommandOutcome outcome =
      RunCommand({"/usr/bin/etcdctl", "--endpoints",
                  line.substr(begin, line.find(' ', begin) - begin), "get",
                  "--prefix", "/taskgraph/driver-app/"});

  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr("tasks/3/assignment"), HasSubstr("primary")));
  app.Signal(SIGTERM);
  EXPECT_EQ(app.Wait(), 143);
}

TEST_F(EtcdTest, ARunningJobSurvivesThatEtcdIsAway) {  // R25
  RunningApp app({"--coordinator", etcd_->endpoint(), "--nodes", "2",
                  "--config", "mode=recover"});
  const nlohmann::json assigned = app.NextEvent("assigned");
  ASSERT_FALSE(assigned.is_null());

  etcd_->Kill();
  ::kill(assigned.at("pid").get<pid_t>(), SIGKILL);
  EXPECT_FALSE(app.NextEvent("node_lost").is_null());
  etcd_->Restart();

  EXPECT_FALSE(app.NextEvent("recovered").is_null());
  EXPECT_EQ(app.Wait(), 0) << app.Output();
}

TEST_F(EtcdTest, AJobOfTheSameNameIsNotDisturbed) {
  RunningApp first(
      {"--coordinator", etcd_->endpoint(), "--config", "mode=idle"});
  ASSERT_FALSE(first.NextEvent("assigned").is_null());

  RunningApp second({"--coordinator", etcd_->endpoint()});

  EXPECT_EQ(second.Wait(), 1);
  EXPECT_THAT(second.Output(),
              AllOf(HasSubstr("give this one another --name"),
                    HasSubstr("etcdctl del --prefix /taskgraph/driver-app/")));
  first.Signal(SIGINT);
  EXPECT_EQ(first.Wait(), 130);
}

TEST_F(EtcdTest, NodesAndControllersStartedByHandDoAJobTogether) {
  RunningApp controller(Member({"controller", "--nodes-expected=2"}));
  RunningApp standby(Member({"controller", "--nodes-expected=2"}));
  RunningApp one(Member({"node", "--slots=2"}));
  RunningApp two(Member({"node", "--slots=2"}));

  for (RunningApp* app : {&controller, &standby, &one, &two}) {
    EXPECT_EQ(app->Wait(), 0) << app->Output();
  }
}

TEST_F(EtcdTest, AllMembersExitWithTheJobsCode) {
  RunningApp controller(Member({"controller", "--config=code=7"}));
  RunningApp node(Member({"node", "--slots=4"}));

  EXPECT_EQ(node.Wait(), 7) << node.Output();
  EXPECT_EQ(controller.Wait(), 7) << controller.Output();
  EXPECT_THAT(node.Output(), HasSubstr("ended with code 7: the end"));
}

TEST_F(EtcdTest, ANodeWithAnotherTokenIsRefused) {
  RunningApp controller(Member({"controller", "--config=mode=idle"}));
  ASSERT_FALSE(controller.NextEvent("epoch").is_null());

  const CommandOutcome other =
      RunCommand({DRIVER_APP, "node", "--coordinator", etcd_->endpoint(),
                  "--token-file", Path("other")});
  const CommandOutcome none =
      RunCommand({DRIVER_APP, "node", "--coordinator", etcd_->endpoint()});

  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.output, HasSubstr("has another token than the job"));
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_THAT(none.output, HasSubstr("this process has none"));
}

TEST_F(EtcdTest, AControllerWithOtherSettingsIsToldThatTheyAreNotUsed) {
  RunningApp first(Member({"controller", "--config=mode=idle"}));
  ASSERT_FALSE(first.NextEvent("epoch").is_null());
  RunningApp second(Member({"controller", "--config=mode=idle",
                            "--config=code=7", "--session-time=3s"}));
  RunningApp node(Member({"node", "--slots=4"}));
  ASSERT_FALSE(second.NextEvent("assigned").is_null());

  EXPECT_THAT(second.Output(),
              HasSubstr("this controller's are not used for: config code, "
                        "session_time_ms\n"));
  EXPECT_THAT(first.Output(), testing::Not(HasSubstr("not used")));
}

// The job can neither go on nor end by itself.
TEST_F(EtcdTest, AMalformedStatusEndsAllMembersWithOneError) {  // R24
  RunningApp controller(Member({"controller", "--config=mode=idle"}));
  RunningApp node(Member({"node", "--slots=4"}));
  ASSERT_FALSE(controller.NextEvent("assigned").is_null());

  RunCommand({"/usr/bin/etcdctl", "--endpoints", etcd_->endpoint(), "put",
              "/taskgraph/driver-app/status", "over"},
             {}, {"ETCDCTL_API=3"});

  for (RunningApp* app : {&controller, &node}) {
    EXPECT_EQ(app->Wait(), 1);
    EXPECT_THAT(app->Output(),
                AllOf(HasSubstr("driver-app/status at the coordinator is not a "
                                "job's status"),
                      HasSubstr("etcdctl del --prefix")));
  }
}

TEST_F(EtcdTest, TheKeysOfAKilledLauncherGoByTheCommandThatIsNamed) {
  RunningApp first(
      {"--coordinator", etcd_->endpoint(), "--config", "mode=idle"});
  ASSERT_FALSE(first.NextEvent("assigned").is_null());
  first.Signal(SIGKILL);
  EXPECT_EQ(first.Wait(), -SIGKILL);
  const std::vector<std::string> again = {DRIVER_APP, "--coordinator",
                                          etcd_->endpoint(), "--nodes", "2"};

  const CommandOutcome refused = RunCommand(again);
  EXPECT_EQ(refused.exit_code, 1);
  const std::size_t begin = refused.output.find("etcdctl ");
  ASSERT_NE(begin, std::string::npos) << refused.output;
  const std::string command =
      refused.output.substr(begin, refused.output.find('\n', begin) - begin);
  RunCommand({"/bin/sh", "-c", command}, {},
             {"ETCDCTL_API=3", "ETCDCTL_ENDPOINTS=" + etcd_->endpoint()});

  const CommandOutcome accepted = RunCommand(again);
  EXPECT_EQ(accepted.exit_code, 0) << accepted.output;
}

TEST_F(EtcdTest, ANodeOfAnotherProgramIsRefused) {
  RunningApp controller(Member({"controller", "--config=mode=idle"}));
  ASSERT_FALSE(controller.NextEvent("epoch").is_null());

  RunningApp node(Member({"node", "--tasks=5"}));

  EXPECT_EQ(node.Wait(), 1);
  EXPECT_THAT(node.Output(),
              HasSubstr("a number of tasks of 5, the job has 4"));
}

TEST_F(EtcdTest, ANodeOfAJobThatIsNotThereSaysSo) {
  RunningApp node(Member({"node", "--name=census", "--wait=300ms"}));

  EXPECT_EQ(node.Wait(), 1);
  EXPECT_THAT(node.Output(), HasSubstr("has no job 'census'"));
}

TEST_F(EtcdTest, ANodeThatIsTerminatedLeavesItsTasksToOthers) {
  RunningApp controller(Member({"controller", "--config=mode=recover"}));
  RunningApp one(Member({"node", "--slots=4"}));
  ASSERT_FALSE(controller.NextEvent("assigned").is_null());
  RunningApp two(Member({"node", "--slots=4"}));
  ASSERT_FALSE(controller.NextEvent("node_joined").is_null());

  one.Signal(SIGTERM);

  EXPECT_EQ(one.Wait(), 143);
  EXPECT_EQ(two.Wait(), 0) << two.Output();
  EXPECT_EQ(controller.Wait(), 0) << controller.Output();
}

}  // namespace
}  // namespace taskgraph::test
