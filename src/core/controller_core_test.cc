// SPDX-License-Identifier: Apache-2.0
//
// The controller against a coordinator that grants what is still true.
#include "core/controller_core.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/core_testing.h"

namespace taskgraph::core {
namespace {

using Verdict = PeerProbed::Verdict;

class ControllerCoreTest : public testing::Test {
 protected:
  // A controller that has been elected, and has seen its grace pass.
  void Start(TaskId tasks, std::uint32_t nodes_expected = 1) {
    core_.emplace("controller", tasks,
                  ControllerOptions{options_, nodes_expected});
    records_.assign(tasks, {});
    Do(CoordinatorCameBack{});
    Do(ElectionWon{});
    Wait(options_.failure.session_time);
  }

  // One fact. Orders of other kinds than proposals are kept for looking at;
  // proposals are granted if `grants_`, else kept too.
  void Do(Input input) {
    Outputs outputs = core_->Step(std::move(input), now_);
    for (Output& output : outputs) {
      auto* proposal = std::get_if<ProposeAssignments>(&output);
      if (proposal != nullptr && grants_) {
        waiting_.push_back(std::move(*proposal));
      } else {
        orders_.push_back(std::move(output));
      }
    }
    if (grants_) GrantAll();
  }

  void GrantAll() {
    while (!waiting_.empty()) {
      const ProposeAssignments proposal = std::move(waiting_.front());
      waiting_.erase(waiting_.begin());
      Decide(proposal);
    }
  }

  // R1: all changes, if all that they expect is so, or none.
  void Decide(const ProposeAssignments& proposal) {
    EXPECT_LE(proposal.changes.size(), 50u);
    bool won = true;
    AssignmentsDecided decided;
    for (const AssignmentChange& change : proposal.changes) {
      won = won && records_[change.task] == change.expected;
      decided.tasks.push_back(change.task);
    }
    if (won) {
      for (const AssignmentChange& change : proposal.changes) {
        // A join is not a new term.
        EXPECT_LE(change.next.term, change.expected.term + 1);
        Record(change.task, change.next);
      }
    }
    Do(decided);
  }

  void Record(TaskId task, Assignment assignment) {
    records_[task] = assignment;
    Do(AssignmentChanged{task, std::move(assignment)});
  }

  void Join(const NodeId& node, std::uint32_t slots = 1,
            std::uint32_t reserve = 0) {
    Do(NodeJoined{{node, "host-" + node, slots, reserve, {"tcp:" + node}}});
  }

  void Wait(Duration duration) {
    now_ += duration;
    if (core_->NextDeadline() <= now_) Do(DeadlinePassed{});
  }

  // Its session ends by itself.
  void Leave(const NodeId& node) {
    Do(NodeLeft{node});
    const auto probe = TheOnly<ProbePeer>(orders_);
    ASSERT_TRUE(probe);
    EXPECT_EQ(probe->node, node);
    std::erase_if(orders_, [](const Output& order) {
      return std::holds_alternative<ProbePeer>(order);
    });
  }
  // So does that of one that is no longer there.
  void Vanish(const NodeId& node) {
    Leave(node);
    Do(PeerProbed{node, Verdict::kSilent});
  }

  Outputs TakeOrders() { return std::exchange(orders_, {}); }
  const Assignment& record(TaskId task) const { return records_[task]; }
  TaskId TaskOn(const NodeId& node) const {
    for (TaskId task = 0; task < records_.size(); ++task) {
      if (records_[task].primary == node) return task;
    }
    ADD_FAILURE() << "no task is on " << node;
    return 0;
  }

  JobOptions options_;
  std::optional<ControllerCore> core_;
  Time now_{};
  bool grants_ = true;
  std::vector<ProposeAssignments> waiting_;
  Outputs orders_;
  std::vector<Assignment> records_;
};

TEST_F(ControllerCoreTest, TheFirstPlacementWaitsForTheExpectedNodes) {
  Start(2, /*nodes_expected=*/3);
  Join("a", 2);
  Join("b", 2);
  EXPECT_EQ(core_->unplaced(), 2u);

  Join("c", 2);

  EXPECT_EQ(record(0), (Assignment{1, 1, "a", {}, 0, "", 1}));
  EXPECT_EQ(record(1), (Assignment{1, 1, "b", {}, 0, "", 1}));
  EXPECT_EQ(core_->unplaced(), 0u);
}

TEST_F(ControllerCoreTest, TheFirstPlacementWaitsForRoomForAllTasks) {
  Start(3);
  Join("a", 2);
  EXPECT_FALSE(record(0).HasPrimary());

  Join("b");

  for (TaskId task = 0; task < 3; ++task) {
    EXPECT_TRUE(record(task).HasPrimary());
  }
}

TEST_F(ControllerCoreTest, ThousandsOfTasksGoInSmallProposalsEachOnce) {
  Start(10000);
  grants_ = false;
  Join("a", 6000);
  Join("b", 6000);

  const auto proposals = Those<ProposeAssignments>(TakeOrders());
  EXPECT_EQ(proposals.size(), 200u);
  Join("c", 10);
  EXPECT_TRUE(Those<ProposeAssignments>(orders_).empty());

  for (const ProposeAssignments& proposal : proposals) Decide(proposal);
  EXPECT_EQ(core_->unplaced(), 0u);
  EXPECT_TRUE(Those<ProposeAssignments>(orders_).empty());
}

TEST_F(ControllerCoreTest, PeersAreMadeKnownAndForgotten) {
  Start(1);
  Join("a");
  Vanish("a");

  const auto peers = Those<SetPeer>(orders_);
  ASSERT_EQ(peers.size(), 2u);
  EXPECT_EQ(peers[0].addresses, std::vector<std::string>{"tcp:a"});
  EXPECT_TRUE(peers[1].addresses.empty());
}

TEST_F(ControllerCoreTest,
       ALostNodesTaskBeginsANewIncarnationElsewhere) {  // R5
  Start(1);
  Join("a");
  Join("spare");

  Vanish("a");

  EXPECT_EQ(record(0),
            (Assignment{2, 2, "spare", {}, 0, "node a was lost", 2}));
}

// The coordinator may have ended the session of a node that is well.
TEST_F(ControllerCoreTest,
       WhoAnswersIsGivenTimeToTakeItsSessionUpAgain) {  // R5
  Start(1);
  Join("a");
  Join("spare");
  TakeOrders();

  Leave("a");
  Do(PeerProbed{"a", Verdict::kAlive});
  Wait(options_.failure.session_time - 1ns);
  Join("a");
  Wait(10s);

  EXPECT_EQ(record(0), (Assignment{1, 1, "a", {}, 0, "", 1}));
}

TEST_F(ControllerCoreTest, WhoAnswersButDoesNotComeBackIsReplaced) {  // R5
  Start(1);
  Join("a");
  Join("spare");
  const Time end = now_ + options_.failure.session_time;

  Leave("a");
  while (now_ < end) {
    EXPECT_EQ(record(0).primary, "a");
    Do(PeerProbed{"a", Verdict::kAlive});
    Wait(core_->NextDeadline() - now_);
  }

  EXPECT_EQ(record(0).primary, "spare");
}

TEST_F(ControllerCoreTest, WhoAnswersAndThenIsGoneIsReplacedThen) {  // R5
  Start(1);
  Join("a");
  Join("spare");

  Leave("a");
  Do(PeerProbed{"a", Verdict::kAlive});
  Wait(core_->NextDeadline() - now_);
  Do(PeerProbed{"a", Verdict::kGone});

  EXPECT_EQ(record(0).primary, "spare");
}

// R21: nor is it asked again whether it is there.
TEST_F(ControllerCoreTest, WhoWasSilentBeforeItsSessionEndedIsReplacedAtOnce) {
  Start(1);
  Join("a");
  Join("spare");
  Do(PeerLost{"a", "silent"});
  Do(PeerProbed{"a", Verdict::kSilent});
  TakeOrders();

  Do(NodeLeft{"a"});

  EXPECT_TRUE(Those<ProbePeer>(orders_).empty());
  EXPECT_EQ(record(0).primary, "spare");
}

TEST_F(ControllerCoreTest, ASilenceOfLongAgoProvesNothing) {  // R21
  Start(1);
  Join("a");
  Join("spare");
  Do(PeerLost{"a", "silent"});
  Do(PeerProbed{"a", Verdict::kSilent});
  Wait(1h);
  TakeOrders();

  Leave("a");

  EXPECT_EQ(record(0).primary, "a");
}

// A coordinator can end all sessions at once (etcd before 3.4.31, whose leader
// was stopped for a while): no task loses both its copies by that.
TEST_F(ControllerCoreTest, WhenAllSessionsEndAtOnceNoTaskIsGivenUp) {  // R5
  options_.backups.each = 1;
  Start(2, /*nodes_expected=*/2);
  Join("a", 2);
  Join("b", 2);

  Leave("a");
  Leave("b");
  Join("b", 2);
  Do(PeerProbed{"a", Verdict::kAlive});
  Do(PeerProbed{"b", Verdict::kAlive});
  Join("a", 2);
  Wait(10s);

  for (const Assignment& record : records_) {
    EXPECT_EQ(record.incarnation, 1u);
    EXPECT_EQ(record.primary, "b");
  }
}

TEST_F(ControllerCoreTest, ALossIsWrittenEvenIfThereIsNoRoom) {  // R22
  Start(1);
  Join("a");

  Vanish("a");
  EXPECT_EQ(record(0), (Assignment{2, 2, "", {}, 0, "node a was lost"}));

  Join("b");
  EXPECT_EQ(record(0), (Assignment{3, 2, "b", {}, 0, "node a was lost", 3}));
}

TEST_F(ControllerCoreTest, ATaskThatFailedKeepsItsIncarnationWhenPlaced) {
  Start(1);
  Join("a");
  Join("b");

  Record(0, {2, 2, "", {}, 1, "bad luck"});  // R23: as its node wrote it.

  EXPECT_EQ(record(0), (Assignment{3, 2, "b", {}, 1, "bad luck", 3}));
}

TEST_F(ControllerCoreTest, ATaskThatIsLeftPrefersAnyOtherNode) {
  Start(1);
  Join("a");
  Join("b", 1, /*reserve=*/1);

  Record(0, {2, 2, "", {}, 0, "it retired"});

  EXPECT_EQ(record(0).primary, "b");
}

TEST_F(ControllerCoreTest, AProposalThatLostIsPlannedAnewFromTheRecord) {  // R1
  Start(1);
  grants_ = false;
  Join("a");
  const auto proposal = TheOnly<ProposeAssignments>(TakeOrders());
  ASSERT_TRUE(proposal);

  Record(0, {4, 2, "", {}, 0, "another controller was here"});
  EXPECT_TRUE(Those<ProposeAssignments>(orders_).empty());
  Decide(*proposal);

  const auto again = TheOnly<ProposeAssignments>(TakeOrders());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->changes[0].expected, record(0));
  EXPECT_EQ(again->changes[0].next.term, 5u);
}

TEST_F(ControllerCoreTest, SlotsPromisedInAnOpenProposalAreNotGivenTwice) {
  Start(2);
  Join("m");
  Join("n");
  Join("c");
  grants_ = false;

  Record(TaskOn("m"), {2, 2, "", {}, 0, ""});
  const auto first = TheOnly<ProposeAssignments>(TakeOrders());
  Record(TaskOn("n"), {2, 2, "", {}, 0, ""});
  const auto second = TheOnly<ProposeAssignments>(TakeOrders());

  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->changes[0].next.primary, "c");
  EXPECT_EQ(second->changes[0].next.primary, "m");
}

TEST_F(ControllerCoreTest, ANewControllerWaitsOneSessionTime) {  // R25
  Start(1);
  Join("a");
  Join("b");
  Do(ElectionLost{});
  Do(NodeLeft{"a"});
  Do(ElectionWon{});
  EXPECT_EQ(record(0).primary, "a");

  Wait(options_.failure.session_time - 1ns);
  EXPECT_EQ(record(0).primary, "a");
  Wait(1ns);

  EXPECT_EQ(record(0).primary, "b");
}

TEST_F(ControllerCoreTest,
       WhoTakesItsSessionUpAgainInTimeKeepsItsTasks) {  // R25
  Start(1);
  Join("a");
  Join("b");
  Do(CoordinatorWentAway{});
  Do(NodeLeft{"a"});
  Wait(10s);
  Do(CoordinatorCameBack{});
  Wait(options_.failure.session_time - 1ns);
  Join("a");
  Wait(10s);

  EXPECT_EQ(record(0), (Assignment{1, 1, "a", {}, 0, "", 1}));
}

TEST_F(ControllerCoreTest, ADeadNodeIsReplacedAlsoWithinTheGrace) {  // R5, R25
  Start(1);
  Join("a");
  Join("b");
  Do(ElectionWon{});
  Do(ProcessExited{"a", "killed by signal 9"});
  ASSERT_TRUE(TheOnly<EndSession>(orders_));
  Do(NodeLeft{"a"});

  EXPECT_EQ(record(0).primary, "b");
  EXPECT_EQ(record(0).last_error, "node a was lost (killed by signal 9)");
}

TEST_F(ControllerCoreTest, NothingIsOrderedWhileTheCoordinatorIsAway) {  // R25
  Start(1);
  Join("a");
  Join("b");
  Do(CoordinatorWentAway{});
  Record(0, {2, 2, "", {}, 0, ""});
  EXPECT_EQ(record(0).primary, "");

  Do(CoordinatorCameBack{});

  EXPECT_EQ(record(0).primary, "b");
}

TEST_F(ControllerCoreTest, ASuspicionLeadsToOneProbeAtATime) {  // R21
  Start(1);
  Join("a");
  TakeOrders();

  Do(MessageArrived{"b", Suspicion{"a", "reset"}});
  Do(MessageArrived{"c", Suspicion{"a", "reset"}});
  Do(PeerLost{"a", "reset"});
  EXPECT_EQ(Those<ProbePeer>(TakeOrders()).size(), 1u);

  // The hints that came meanwhile may be newer than the verdict.
  Do(PeerProbed{"a", Verdict::kAlive});
  EXPECT_EQ(Those<ProbePeer>(TakeOrders()).size(), 1u);
  Do(PeerProbed{"a", Verdict::kAlive});
  EXPECT_TRUE(TakeOrders().empty());
}

TEST_F(ControllerCoreTest, OnlyAConfirmedDeathEndsASession) {  // R5, R21
  Start(1);
  Join("a");
  Join("b");
  TakeOrders();

  Do(PeerLost{"a", "silent"});
  Do(PeerProbed{"a", Verdict::kSilent});
  EXPECT_TRUE(Those<EndSession>(TakeOrders()).empty());

  Do(PeerLost{"a", "reset"});
  Do(PeerProbed{"a", Verdict::kGone});
  EXPECT_EQ(TheOnly<EndSession>(TakeOrders())->node, "a");
  EXPECT_EQ(record(0).primary, "a");

  Do(NodeLeft{"a"});
  EXPECT_EQ(record(0).primary, "b");
}

TEST_F(ControllerCoreTest, ADeadNodeGetsNoTaskWhileItsSessionLasts) {
  Start(1);
  Join("a");
  Join("b");
  Do(ProcessExited{"b", "code 1"});
  Vanish("a");

  EXPECT_EQ(record(0).primary, "");
}

TEST_F(ControllerCoreTest, ANodeWronglyTakenForDeadComesBack) {  // R25
  Start(1);
  Join("a");
  Do(PeerLost{"a", "reset"});
  Do(PeerProbed{"a", Verdict::kGone});
  Do(NodeLeft{"a"});
  TakeOrders();

  Join("a");

  EXPECT_TRUE(Those<EndSession>(orders_).empty());
  EXPECT_EQ(record(0).primary, "a");
  EXPECT_EQ(record(0).incarnation, 2u);
}

TEST_F(ControllerCoreTest, ASessionThatComesAfterTheDeathIsEndedToo) {
  Start(1);
  Do(ProcessExited{"a", "code 1"});
  TakeOrders();

  Join("a");

  EXPECT_EQ(TheOnly<EndSession>(orders_)->node, "a");
  EXPECT_EQ(record(0).primary, "");
}

TEST_F(ControllerCoreTest, AStandbyLearnsAndOrdersNothing) {
  Start(1);
  Do(ElectionLost{});
  TakeOrders();

  Join("a");
  Do(PeerLost{"a", "reset"});
  Do(StopRequested{"enough"});
  EXPECT_EQ(Those<SetPeer>(TakeOrders()).size(), 1u);
  EXPECT_TRUE(TakeOrders().empty());

  Do(ElectionWon{});
  const Outputs orders = TakeOrders();
  EXPECT_TRUE(TheOnly<ProbePeer>(orders));
  EXPECT_TRUE(TheOnly<ProposeEnd>(orders));
}

TEST_F(ControllerCoreTest, ATaskThatFailsTooOftenEndsTheJobOnce) {  // R23
  Start(4);
  Join("a", 8);
  TakeOrders();
  Record(3, {2, 2, "", {}, 3, "third"});
  EXPECT_TRUE(Those<ProposeEnd>(orders_).empty());

  Record(3, {4, 3, "", {}, 4, "division by zero"});
  Record(2, {2, 2, "", {}, 4, "me too"});

  const auto end = TheOnly<ProposeEnd>(orders_);
  ASSERT_TRUE(end);
  EXPECT_FALSE(end->task);
  EXPECT_EQ(end->end.reason, ExitReason::kFailed);
  EXPECT_EQ(end->end.status.code, 1);
  EXPECT_EQ(end->end.status.message,
            "task 3 failed 4 times (max_failures allows 3); the last error: "
            "division by zero");
  EXPECT_EQ(record(3).primary, "");
}

TEST_F(ControllerCoreTest, AStopFromOutsideEndsTheJobAsKilled) {
  Start(1);

  Do(StopRequested{"interrupted"});
  Do(StopRequested{"interrupted again"});

  const auto end = TheOnly<ProposeEnd>(orders_);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->end,
            (JobEnd{ExitReason::kKilled, {130, "stopped: interrupted"}}));
}

TEST_F(ControllerCoreTest, NothingIsPlacedAfterTheEnd) {  // R24
  Start(1);
  Join("a");
  Join("b");
  Do(JobEnded{});

  Do(NodeLeft{"a"});

  EXPECT_EQ(record(0).primary, "a");
  EXPECT_TRUE(Those<RemoveJob>(orders_).empty());
}

TEST_F(ControllerCoreTest, TheJobIsRemovedWhenAllNodesHaveLeft) {  // R24
  Start(1);
  Join("a");
  Do(JobEnded{});
  EXPECT_TRUE(Those<RemoveJob>(orders_).empty());

  Do(NodeLeft{"a"});
  EXPECT_EQ(Those<RemoveJob>(orders_).size(), 1u);
  Wait(options_.failure.exit_grace);
  EXPECT_EQ(Those<RemoveJob>(orders_).size(), 1u);
}

TEST_F(ControllerCoreTest,
       TheJobIsRemovedAfterTheExitGraceAtTheLatest) {  // R24
  Start(1);
  Join("a");
  Do(JobEnded{});

  EXPECT_EQ(core_->NextDeadline(), now_ + options_.failure.exit_grace);
  Wait(options_.failure.exit_grace);

  EXPECT_EQ(Those<RemoveJob>(orders_).size(), 1u);
  EXPECT_EQ(core_->NextDeadline(), kNever);
}

TEST_F(ControllerCoreTest, AControllerThatRestartsAfterTheEndWaitsForTheList) {
  core_.emplace("controller", 1, ControllerOptions{});
  Do(ElectionWon{});
  Do(JobEnded{});
  EXPECT_TRUE(Those<RemoveJob>(orders_).empty());
  Join("a");

  Do(CoordinatorCameBack{});

  EXPECT_TRUE(Those<RemoveJob>(orders_).empty());
}

TEST_F(ControllerCoreTest, TheEpochIsTheHighestOneHeardOf) {
  Start(1);
  Do(EpochAdvanced{1, 5});
  Do(EpochAdvanced{1, 4});
  EXPECT_EQ(core_->epoch(), 5u);
  Do(MessageArrived{"a", EpochNews{1, 6}});
  EXPECT_EQ(core_->epoch(), 6u);
  Do(EpochAdvanced{2, 3});
  EXPECT_EQ(core_->epoch(), 3u);
}

}  // namespace
}  // namespace taskgraph::core
