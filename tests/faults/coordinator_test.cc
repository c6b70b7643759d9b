// SPDX-License-Identifier: Apache-2.0
//
// What can happen to a real etcd under a running job: it is away for long,
// comes back empty, has a slow disk, forgets its history, takes a session away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "faults/steady_job_on_etcd.h"
#include "storm/passing.h"

namespace taskgraph::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class CoordinatorTest : public SteadyJobOnEtcd {
 protected:
  explicit CoordinatorTest(std::size_t backups = 1) : backups_(backups) {}

  void SetUp() override {
    SteadyJobOnEtcd::SetUp();
    if (IsSkipped()) return;
    MakeJob({"--backups=" + std::to_string(backups_)});
    job_->StartController();
    job_->StartController();
    one_ = job_->StartNode();
    job_->StartNode();
    ASSERT_TRUE(job_->IsWhole(2, backups_));
    before_ = job_->Look().tasks;
  }

  // Wherever the tasks are now.
  void ExpectNoStateLost() {
    ASSERT_TRUE(job_->IsWhole(2, backups_));
    for (const auto& [task, record] : job_->Look().tasks) {
      EXPECT_EQ(record.incarnation, 1U) << task;
    }
  }

  // Nobody lost a task, or a place as a backup.
  void ExpectAllInPlace() {
    ASSERT_NO_FATAL_FAILURE(ExpectNoStateLost());
    for (const auto& [task, record] : job_->Look().tasks) {
      EXPECT_EQ(record.primary, before_.at(task).primary) << task;
      EXPECT_EQ(record.backups, before_.at(task).backups) << task;
    }
  }

  // Somebody revokes the lease of `one_`, which opens another session.
  void TakeSessionAway() {
    const nlohmann::json session = Session();
    const auto lease = session.at("lease").get<std::uint64_t>();
    char id[17];
    std::snprintf(id, sizeof id, "%016lx", lease);
    EXPECT_EQ(job_->Ask({"lease", "revoke", id}).exit_code, 0);

    ASSERT_TRUE(job_->Await(
        [&](const storm::Records& now) { return now.nodes.contains(one_); }));
    EXPECT_NE(Session().at("lease"), session.at("lease"));
  }

  // When the session of node `one_` began: the revision of its key.
  nlohmann::json Session() {
    const std::string text =
        job_->Ask({"get", SteadyJob::kPrefix + ("nodes/" + one_), "-w=json"})
            .output;
    return nlohmann::json::parse(text).at("kvs").at(0);
  }

  const std::size_t backups_;
  std::string one_;
  std::map<int, storm::TaskRecord> before_;
};

class SoleReplicaTest : public CoordinatorTest {
 protected:
  SoleReplicaTest() : CoordinatorTest(/*backups=*/0) {}
};

TEST_F(CoordinatorTest, AnOutageOfHalfAMinuteChangesNoRoles) {  // R25
  etcd_->Kill();
  storm::Pass(30'000);
  etcd_->Restart();

  ExpectAllInPlace();
  EXPECT_EQ(job_->Finish(), "");
}

TEST_F(CoordinatorTest, AStoreThatComesBackEmptyEndsTheJobWithAnError) {  // R25
  etcd_->RestartEmpty();

  for (const std::string id : {"c1", "c2", "n1", "n2"}) {
    EXPECT_EQ(job_->member(id).Wait(), 1) << id;
    EXPECT_THAT(job_->member(id).Output(),
                AllOf(HasSubstr("steady-app"), HasSubstr("lost this job")))
        << id;
  }
  // Nobody began it anew.
  EXPECT_TRUE(job_->Look().keys.empty());
}

// Each write takes about half a second, a quarter of a session. (The way there
// is an outage: for it sessions may be taken up again.)
TEST_F(CoordinatorTest, ASlowDiskLosesNoSession) {
  if (!RealEtcd::CanSlowDisk()) GTEST_SKIP() << "there is no strace here";
  etcd_->RestartOnSlowDisk(std::chrono::milliseconds(200));
  ASSERT_TRUE(job_->MovesOn(20));

  const auto lease = Session().at("lease");
  ASSERT_TRUE(job_->MovesOn(20));
  EXPECT_EQ(Session().at("lease"), lease);

  etcd_->Restart();
  ExpectAllInPlace();
  EXPECT_EQ(job_->Finish(), "");
}

TEST_F(CoordinatorTest, AnEtcdThatStandsStillNowAndThenLosesNoSession) {
  const auto session = Session().at("create_revision");
  for (int i = 0; i < 10; ++i) {
    etcd_->Pause();
    storm::Pass(1'000);
    etcd_->Continue();
    storm::Pass(200);
  }

  EXPECT_EQ(Session().at("create_revision"), session);
  ExpectAllInPlace();
  EXPECT_EQ(job_->Finish(), "");
}

// R25. Whether a backup goes on, or the primary, is a race (R4).
TEST_F(CoordinatorTest, ASessionThatIsTakenAwayIsTakenUpAgain) {
  ASSERT_NO_FATAL_FAILURE(TakeSessionAway());

  ExpectNoStateLost();
  EXPECT_EQ(job_->Finish(), "");
}

// R5: when no controller was elected of late, which would excuse it.
TEST_F(SoleReplicaTest, WhoseSessionIsTakenAwayKeepsItsTasks) {
  job_->AwaitLease(3);
  ASSERT_NO_FATAL_FAILURE(TakeSessionAway());

  ExpectAllInPlace();
  EXPECT_EQ(job_->Finish(), "");
}

// Who was away has its past forgotten meanwhile, and must list again.
TEST_F(CoordinatorTest, HistoryThatIsForgottenDuringAnOutageIsMadeUpFor) {
  job_->member("c1").Signal(SIGSTOP);
  job_->member("n1").Signal(SIGSTOP);
  etcd_->Restart();
  for (int i = 0; i < 5; ++i) {
    job_->Ask({"put", SteadyJob::kPrefix + std::string("foreign"), "1"});
  }
  const std::string status = job_->Ask({"put", "other", "x", "-w=json"}).output;
  const auto revision =
      nlohmann::json::parse(status).at("header").at("revision");
  EXPECT_EQ(job_->Ask({"compact", revision.dump()}).exit_code, 0);
  job_->member("c1").Signal(SIGCONT);
  job_->member("n1").Signal(SIGCONT);

  ASSERT_TRUE(job_->IsWhole(2));
  EXPECT_EQ(job_->Finish(), "");
}

}  // namespace
}  // namespace taskgraph::test
