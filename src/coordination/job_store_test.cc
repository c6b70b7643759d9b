// SPDX-License-Identifier: Apache-2.0
#include "coordination/job_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>

#include "coordination/local_coordinator.h"

namespace taskgraph::coordination {
namespace {

using testing::_;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr const char* kJob = "test";

JobSpec Spec(const std::string& instance, TaskId tasks = 3) {
  JobSpec spec;
  spec.instance = instance;
  spec.tasks = tasks;
  spec.links = "ring:1";
  return spec;
}

// A member of the job, and everything it was told.
class Member {
 public:
  explicit Member(LocalStore& store)
      : coordinator_(store, [this](Event event) { inbox_.push_back(event); }),
        job_(kJob, coordinator_,
             [this](JobEvent event) { told_.push_back(std::move(event)); }) {}

  JobStore& job() {
    Drain();
    return job_;
  }

  // All events of type T told so far, facts of the core included.
  template <typename T>
  std::vector<T> Told() {
    Drain();
    std::vector<T> found;
    for (const JobEvent& event : told_) {
      if constexpr (std::is_constructible_v<JobEvent, T> &&
                    !std::is_constructible_v<core::Input, T>) {
        if (const T* one = std::get_if<T>(&event)) found.push_back(*one);
      } else if (const auto* input = std::get_if<core::Input>(&event)) {
        if (const T* one = std::get_if<T>(input)) found.push_back(*one);
      }
    }
    return found;
  }

  void Drain() {
    while (!inbox_.empty()) {
      const Event event = std::move(inbox_.front());
      inbox_.pop_front();
      job_.Handle(event, {});
    }
  }

 private:
  std::deque<Event> inbox_;
  std::vector<JobEvent> told_;
  LocalCoordinator coordinator_;
  JobStore job_;
};

class JobStoreTest : public testing::Test {
 protected:
  core::Assignment Give(TaskId task, const core::Assignment& before,
                        const core::NodeId& node) {
    core::Assignment next = before;
    ++next.term;
    next.incarnation = std::max<Incarnation>(1, next.incarnation);
    next.primary = node;
    a_.job().Do(core::ProposeAssignments{{{task, before, next}}});
    return next;
  }
  std::vector<KeyValue> Under(const std::string& prefix) {
    const auto reply =
        store_.Commit(Txn{{}, {Read{KeyRange::Prefix(prefix)}}, {}});
    return std::get<ReadReply>(std::get<TxnReply>(reply).replies[0]).found;
  }
  // The lease that holds the registration or candidacy of `member`.
  LeaseId LeaseOf(const std::string& member) {
    for (const KeyValue& key_value : Under("/taskgraph/test/")) {
      const auto record = DecodeNode(key_value.value);
      if (record && record->node == member) return key_value.lease;
    }
    return 0;
  }

  LocalStore store_;
  Member a_{store_};
  Member b_{store_};
};

TEST_F(JobStoreTest, TheSpecIsToldBeforeAnyFact) {
  a_.job().Submit(Spec("one"), Submission::kNew);

  EXPECT_THAT(b_.Told<SpecFound>(), SizeIs(1));
  EXPECT_EQ(b_.Told<SpecFound>()[0].spec.instance, "one");
  EXPECT_THAT(b_.Told<core::EpochAdvanced>(), SizeIs(1));
  EXPECT_THAT(b_.Told<core::CoordinatorCameBack>(), SizeIs(1));
}

TEST_F(JobStoreTest, OfTwoJobsOfOneNameOneIsTurnedAway) {
  a_.job().Submit(Spec("one"), Submission::kNew);
  b_.job().Submit(Spec("two"), Submission::kNew);

  EXPECT_THAT(a_.Told<JobRefused>(), SizeIs(0));
  ASSERT_THAT(b_.Told<JobRefused>(), testing::Not(SizeIs(0)));
  EXPECT_THAT(b_.Told<JobRefused>()[0].error.message, HasSubstr("--name"));
}

TEST_F(JobStoreTest, AnAssignmentIsChangedByCompareAndSwapOnly) {  // R1
  a_.job().Submit(Spec("one"), Submission::kNew);
  b_.Drain();
  const core::Assignment first = Give(0, {}, "node-a");

  core::Assignment other = first;
  other.primary = "node-b";
  b_.job().Do(core::ProposeAssignments{{{0, {}, other}}});  // On an old record.

  EXPECT_THAT(b_.Told<core::AssignmentsDecided>(), SizeIs(1));
  ASSERT_THAT(b_.Told<core::AssignmentChanged>(), SizeIs(1));
  EXPECT_EQ(b_.Told<core::AssignmentChanged>()[0].assignment, first);
}

// R1: who is told proposes again, and would do nothing else any more.
TEST_F(JobStoreTest, AVerdictOnARecordThatIsLostWaitsForOtherNews) {
  a_.job().Submit(Spec("one"), Submission::kNew);
  const core::Assignment held = Give(0, {}, "node-a");
  const core::Assignment spoilt = Give(1, {}, "node-a");
  EXPECT_THAT(a_.Told<core::AssignmentsDecided>(), SizeIs(2));
  store_.Commit(Txn{
      {}, {Delete{KeyRange::One("/taskgraph/test/tasks/0/assignment")}}, {}});
  store_.Commit(
      Txn{{}, {Put{"/taskgraph/test/tasks/1/assignment", "mine now"}}, {}});

  for (const auto& [task, record] :
       {std::pair{TaskId{0}, held}, std::pair{TaskId{1}, spoilt}}) {
    a_.job().Do(core::ProposeAssignments{{{task, record, record.Lost()}}});
  }
  EXPECT_THAT(a_.Told<core::AssignmentsDecided>(), SizeIs(2));

  store_.Commit(Txn{{}, {Put{"/taskgraph/test/other", "news"}}, {}});
  EXPECT_THAT(a_.Told<core::AssignmentsDecided>(), SizeIs(4));
}

TEST_F(JobStoreTest, AVerdictIsToldAfterWhatItIsAbout) {
  a_.job().Submit(Spec("one"), Submission::kNew);
  Give(0, {}, "node-a");

  EXPECT_THAT(a_.Told<core::AssignmentChanged>(), SizeIs(1));
  EXPECT_THAT(a_.Told<core::AssignmentsDecided>(), SizeIs(1));
}

TEST_F(JobStoreTest, AnEpochMovesOnceHoweverManyAsk) {  // R3, R6
  a_.job().Submit(Spec("one"), Submission::kNew);
  b_.Drain();
  const core::Assignment held = Give(0, {}, "node-a");

  a_.job().Do(core::ProposeEpoch{0, held.term, 1, 0});
  b_.job().Do(core::ProposeEpoch{0, held.term, 1, 0});

  EXPECT_TRUE(a_.Told<core::EpochDecided>().at(0).won);
  EXPECT_FALSE(b_.Told<core::EpochDecided>().at(0).won);
  EXPECT_EQ(b_.Told<core::EpochAdvanced>().back().epoch, 1U);
}

TEST_F(JobStoreTest, WithoutTheEpochAllElseIsTold) {  // R6
  using By = core::FollowEpoch::By;
  a_.job().Submit(Spec("one"), Submission::kNew);
  const core::Assignment held = Give(0, {}, "node-a");
  b_.job().Do(core::FollowEpoch{By::kPeers});

  a_.job().Do(core::ProposeEpoch{0, held.term, 1, 0});
  Give(1, {}, "node-a");
  EXPECT_THAT(b_.Told<core::AssignmentChanged>(), SizeIs(2));
  EXPECT_EQ(b_.Told<core::EpochAdvanced>().back().epoch, 0U);

  b_.job().Do(core::FollowEpoch{By::kWatch});
  EXPECT_EQ(b_.Told<core::EpochAdvanced>().back().epoch, 1U);
  EXPECT_THAT(b_.Told<core::AssignmentChanged>(), SizeIs(2));  // No repeats.

  a_.job().Do(core::ProposeEpoch{0, held.term, 1, 1});
  EXPECT_EQ(b_.Told<core::EpochAdvanced>().back().epoch, 2U);
}

// What the watch before it has put into the inbox is told once.
TEST_F(JobStoreTest, AnotherWatchNeitherLosesNorRepeatsWhatIsUnderWay) {
  a_.job().Submit(Spec("one"), Submission::kNew);
  JobStore& b = b_.job();
  Give(0, {}, "node-a");
  a_.Drain();

  b.Do(core::FollowEpoch{core::FollowEpoch::By::kPeers});

  EXPECT_THAT(b_.Told<core::AssignmentChanged>(), SizeIs(1));
}

TEST_F(JobStoreTest, AWriteUnderAnOldTermHasNoEffect) {  // R3
  a_.job().Submit(Spec("one"), Submission::kNew);
  const core::Assignment first = Give(0, {}, "node-a");
  a_.Drain();
  Give(0, first, "node-b");
  a_.Drain();

  a_.job().Do(core::ProposeEpoch{0, first.term, 1, 0});
  a_.job().Do(core::ProposeEnd{0, first.term, {}});

  EXPECT_FALSE(a_.Told<core::EpochDecided>().at(0).won);
  EXPECT_THAT(a_.Told<core::JobEnded>(), SizeIs(0));
}

TEST_F(JobStoreTest, TheStatusIsWrittenOnce) {  // R24
  a_.job().Submit(Spec("one"), Submission::kNew);
  a_.job().Do(core::ProposeEnd{{}, 0, {ExitReason::kFinished, {0, "first"}}});
  a_.job().Do(core::ProposeEnd{{}, 0, {ExitReason::kFailed, {1, "second"}}});

  ASSERT_THAT(b_.Told<core::JobEnded>(), SizeIs(1));
  EXPECT_EQ(b_.Told<core::JobEnded>()[0].end.status.message, "first");
}

TEST_F(JobStoreTest, OneOfTwoCandidatesIsElectedAndTheOtherAfterIt) {
  a_.job().Submit(Spec("one"), Submission::kShared);
  b_.job().Submit(Spec("two"), Submission::kShared);
  a_.job().Campaign({"ca", "", 0, 0, {}});
  a_.Drain();
  b_.job().Campaign({"cb", "", 0, 0, {}});

  EXPECT_THAT(a_.Told<core::ElectionWon>(), SizeIs(1));
  EXPECT_THAT(b_.Told<core::ElectionWon>(), SizeIs(0));

  store_.Revoke(LeaseOf("ca"));
  EXPECT_THAT(a_.Told<core::ElectionLost>(), SizeIs(1));
  b_.Drain();
  a_.Drain();
  EXPECT_EQ(
      a_.Told<core::ElectionWon>().size() + b_.Told<core::ElectionWon>().size(),
      2U);
}

TEST_F(JobStoreTest, ANodeRegistersAgainWhenItsSessionIsLost) {  // R25
  a_.job().Submit(Spec("one"), Submission::kNew);
  a_.job().Join({"node-a", "host", 4, 0, {"tcp:host:1"}});
  a_.Drain();
  ASSERT_THAT(b_.Told<core::NodeJoined>(), SizeIs(1));
  EXPECT_EQ(b_.Told<core::NodeJoined>()[0].record.slots, 4U);

  store_.Revoke(LeaseOf("node-a"));
  a_.Drain();

  EXPECT_THAT(b_.Told<core::NodeLeft>(), SizeIs(1));
  EXPECT_THAT(b_.Told<core::NodeJoined>(), SizeIs(2));
}

TEST_F(JobStoreTest, TheEndRemovesTheJobsOwnKeysButTheStatus) {  // R24
  store_.Commit(Txn{{}, {Put{"/taskgraph/test-2/spec", "another job's"}}, {}});
  a_.job().Submit(Spec("one"), Submission::kNew);
  Give(0, {}, "node-a");
  a_.job().Do(core::ProposeEnd{{}, 0, {ExitReason::kFinished, {}}});
  a_.job().Do(core::RemoveJob{});

  EXPECT_THAT(a_.Told<JobRemoved>(), testing::Not(SizeIs(0)));
  ASSERT_THAT(Under("/taskgraph/test/"), SizeIs(1));
  EXPECT_EQ(Under("/taskgraph/test/")[0].key, "/taskgraph/test/status");
  EXPECT_THAT(Under("/taskgraph/test-2/"), SizeIs(1));
}

TEST_F(JobStoreTest, AJobThatVanishesIsAFinalError) {
  a_.job().Submit(Spec("one"), Submission::kNew);
  b_.Drain();
  store_.Commit(Txn{{}, {Delete{KeyRange::Prefix("/taskgraph/")}}, {}});

  ASSERT_THAT(b_.Told<JobRefused>(), SizeIs(1));
  EXPECT_THAT(b_.Told<JobRefused>()[0].error.message,
              HasSubstr("lost this job"));
}

TEST_F(JobStoreTest, AStatusThatNobodyCanReadIsAFinalError) {  // R24
  a_.job().Submit(Spec("one"), Submission::kNew);
  a_.Drain();
  b_.Drain();
  store_.Commit(Txn{{}, {Put{"/taskgraph/test/status", "{\"code\":0}"}}, {}});

  for (Member* member : {&a_, &b_}) {
    ASSERT_THAT(member->Told<JobRefused>(), SizeIs(1));
    EXPECT_THAT(member->Told<JobRefused>()[0].error.message,
                testing::AllOf(HasSubstr("/taskgraph/test/status"),
                               HasSubstr("{\"code\":0}"),
                               HasSubstr("etcdctl del --prefix")));
  }
}

// Answers nothing by itself.
class DeafCoordinator final : public Coordinator {
 public:
  void Commit(Tag tag, Txn) override { last = tag; }
  void Watch(Tag, KeyRange, Revision) override {}
  void Unwatch(Tag) override {}
  void GrantLease(Tag tag, std::chrono::seconds) override { last = tag; }
  void RevokeLease(Tag tag, LeaseId) override { last = tag; }
  void AbandonLease(LeaseId) override {}

  Tag last = 0;
};

TEST(JobStoreWithAStrangerTest, AnAnswerOfAnotherFormDoesNoHarm) {
  for (const std::vector<OpReply>& replies :
       {std::vector<OpReply>{}, {PutReply{}}, {DeleteReply{1}, PutReply{}}}) {
    DeafCoordinator coordinator;
    std::size_t told = 0;
    JobStore job(kJob, coordinator, [&](const JobEvent&) { ++told; });
    job.Submit(Spec("one"), Submission::kNew);

    job.Handle(TxnDecided{coordinator.last, {false, 2, replies}}, {});

    EXPECT_EQ(told, 0u);
  }
}

// A coordinator that is there, and has no room for a while.
class FullCoordinator final : public Coordinator {
 public:
  void Commit(Tag tag, Txn) override { last = tag; }
  void Watch(Tag, KeyRange, Revision) override {}
  void Unwatch(Tag) override {}
  void GrantLease(Tag, std::chrono::seconds) override {}
  void RevokeLease(Tag, LeaseId) override {}
  void AbandonLease(LeaseId) override {}

  Tag last = 0;
};

TEST(FullCoordinatorTest, AShortageIsToldOnceAndSoIsItsEnd) {
  FullCoordinator coordinator;
  std::vector<std::string> said;
  JobStore store(kJob, coordinator, [&](const JobEvent& event) {
    const auto* remark = std::get_if<JobRemark>(&event);
    if (remark != nullptr) said.push_back(remark->text);
  });
  const auto fail = [&](Tag tag) {
    store.Handle(CallFailed{tag, "database space exceeded", true, true}, {});
    store.OnDeadline(store.NextDeadline());
  };
  store.Do(core::ProposeEpoch{});
  const Tag epoch = coordinator.last;
  store.Do(core::ProposeEnd{});
  const Tag end = coordinator.last;

  for (int i = 0; i < 5; ++i) {
    fail(epoch);
    fail(end);
  }
  EXPECT_THAT(said, ElementsAre(HasSubstr("database space exceeded")));
  EXPECT_EQ(coordinator.last, end);  // It is tried again.

  store.Handle(TxnDecided{end, {}}, {});
  store.Handle(TxnDecided{epoch, {}}, {});
  EXPECT_THAT(said, ElementsAre(_, "the coordinator takes changes again"));
}

TEST(SmallStoreTest, AMemberOfAJobWithoutRoomTriesAgain) {
  LocalStore store(LocalStoreOptions{{.bytes_max = 500}, 10'000});
  Member member(store);
  member.job().Submit(Spec("a"), Submission::kNew);

  EXPECT_THAT(member.Told<JobRefused>(), SizeIs(0));
  EXPECT_THAT(member.Told<JobRemark>(), SizeIs(1));
}

}  // namespace
}  // namespace taskgraph::coordination
