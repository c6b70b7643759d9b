// SPDX-License-Identifier: Apache-2.0
//
// What a job needs is not there for a while: one line says so, what can wait
// waits, and when it is there again all goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <string>

#include "resources/endless_job.h"
#include "resources/usage.h"
#include "support/command.h"
#include "support/real_etcd.h"

namespace taskgraph::test {
namespace {

constexpr std::size_t kNodes = 8;  // Of an endless job.

// `pid` may open nothing more, whatever it closes; until the end.
class NoDescriptors {
 public:
  explicit NoDescriptors(pid_t pid) : pid_(pid) {
    ::prlimit(pid_, RLIMIT_NOFILE, nullptr, &before_);
    rlimit limit = before_;
    limit.rlim_cur = 3;
    ::prlimit(pid_, RLIMIT_NOFILE, &limit, nullptr);
  }
  ~NoDescriptors() { ::prlimit(pid_, RLIMIT_NOFILE, &before_, nullptr); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  pid_t pid_;
  rlimit before_{};
};

CommandOutcome AskCoordinator(const EndlessJob& job) {
  return RunCommand({"/usr/bin/etcdctl", "--endpoints=" + job.endpoint(),
                     "--command-timeout=2s", "get", "--prefix", "/taskgraph/"},
                    {}, {"ETCDCTL_API=3"});
}

// UBSan asks by a pipe whether an object's memory can be read. Where none can
// be opened it takes good objects for bad ones.
class DescriptorsTest : public testing::Test {
 protected:
  void SetUp() override {
#ifdef TASKGRAPH_UBSAN
    GTEST_SKIP() << "the sanitizer itself needs descriptors";
#endif
  }
};

TEST_F(DescriptorsTest, AReplacementWaitsUntilTheLauncherMayOpenMore) {
  EndlessJob job({}, 20, 2);
  ASSERT_TRUE(job.WaitUntilWhole() && job.WaitForNodes(kNodes));
  {
    const NoDescriptors shortage(job.launcher());
    job.KillNodeOf(3);
    EXPECT_TRUE(job.WaitForOutput("a node can't be started now"))
        << job.Output();
    EXPECT_TRUE(job.WaitForEpoch(job.epoch() + 50));
  }

  EXPECT_TRUE(job.WaitForNodes(kNodes)) << job.Output();
  EXPECT_EQ(job.End(), 130);
  EXPECT_EQ(CountIn(job.Output(), "can't be started now"), 1u) << job.Output();
}

// gRPC's own listener would be dead for good.
TEST_F(DescriptorsTest, TheEmbeddedCoordinatorServesAgainAfterAShortage) {
  if (!RealEtcd::IsInstalled()) GTEST_SKIP() << "no etcdctl on this machine";
  EndlessJob job({}, 20, 2);
  ASSERT_TRUE(job.WaitUntilWhole() && job.WaitForNodes(kNodes));
  ASSERT_EQ(AskCoordinator(job).exit_code, 0);
  {
    const NoDescriptors shortage(job.launcher());
    EXPECT_NE(AskCoordinator(job).exit_code, 0);
    EXPECT_TRUE(job.WaitForOutput("cannot accept connections at"))
        << job.Output();
    EXPECT_TRUE(job.WaitForEpoch(job.epoch() + 50));
  }

  EXPECT_EQ(AskCoordinator(job).exit_code, 0);
  job.KillNodeOf(3);
  EXPECT_TRUE(job.WaitForNodes(kNodes)) << job.Output();
  EXPECT_EQ(job.End(), 130);
  EXPECT_EQ(CountIn(job.Output(), "cannot accept connections"), 1u)
      << job.Output();
}

TEST_F(DescriptorsTest, ANodeThatMayOpenNoMoreGoesOnWhenItMay) {
  EndlessJob job({}, 20, 2);
  ASSERT_TRUE(job.WaitUntilWhole() && job.WaitForNodes(kNodes));
  {
    const NoDescriptors shortage(job.NodeOf(0));
    ASSERT_TRUE(job.KillBoth());
    EXPECT_TRUE(job.WaitForOutput("cannot connect now, it is tried again: "))
        << job.Output();
  }

  EXPECT_TRUE(job.WaitForEpoch(job.epoch() + 50)) << job.Output();
  EXPECT_EQ(job.End(), 130);
  EXPECT_EQ(CountIn(job.Output(), "cannot connect now"), 1u) << job.Output();
}

TEST_F(DescriptorsTest, TooFewToBeginWithIsSaidInOneLine) {
  const CommandOutcome outcome = RunCommand(
      {"/bin/sh", "-c", "ulimit -n 12; exec " + std::string(ENDLESS_APP)});

  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output,
              testing::MatchesRegex("taskgraph: this process may have 12 files "
                                    "and sockets open, and needs [0-9]+ or "
                                    "more; raise ulimit -n\n"));
}

// Case: etcd's NOSPACE alarm.
TEST(FullCoordinatorTest, AJobGoesOnWithinTheEpochUntilThereIsRoomAgain) {
  if (!RealEtcd::IsInstalled()) GTEST_SKIP() << "no etcd on this machine";
  const RealEtcd etcd({}, {"--quota-backend-bytes=4194304"});
  EndlessJob job(etcd.endpoint(), 20, 2);
  ASSERT_TRUE(job.WaitUntilWhole() && job.WaitForNodes(kNodes));
  std::string said;
  for (int i = 0; said.find("space exceeded") == std::string::npos; ++i) {
    ASSERT_LT(i, 1000);
    said = etcd.Say({"put", "/others/" + std::to_string(i),
                     std::string(100'000, 'x')})
               .output;
  }
  EXPECT_TRUE(job.WaitForOutput("the coordinator takes no changes"))
      << job.Output();

  etcd.Say({"del", "--prefix", "/others/"});
  UsageOfStore(etcd.endpoint());  // Compacts.
  EXPECT_EQ(etcd.Say({"defrag"}).exit_code, 0);
  EXPECT_EQ(etcd.Say({"alarm", "disarm"}).exit_code, 0);

  EXPECT_TRUE(job.WaitForOutput("the coordinator takes changes again"))
      << job.Output();
  EXPECT_TRUE(job.WaitForEpoch(job.epoch() + 50));
  EXPECT_TRUE(job.KillBoth());
  EXPECT_EQ(job.End(), 130);
  EXPECT_EQ(CountIn(job.Output(), "takes no changes"), 1u) << job.Output();
}

}  // namespace
}  // namespace taskgraph::test
