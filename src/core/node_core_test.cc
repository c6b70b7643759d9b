// SPDX-License-Identifier: Apache-2.0
//
// One node: how tasks begin and end, epochs, and failures of others.
#include <gtest/gtest.h>

#include "core/one_node_testing.h"

namespace taskgraph::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using NodeCoreTest = OneNodeTest;

// --- The beginning ---

TEST_F(NodeCoreTest, ATaskBeginsWithInitAndTheCurrentEpoch) {  // R7
  Do(EpochAdvanced{1, 5});
  Assign(0, 1, 1, "n");

  ASSERT_EQ(turns_.size(), 1u);
  EXPECT_EQ(turns_.front().context.epoch, 5u);
  EXPECT_EQ(Play(), "in Init");
  EXPECT_EQ(std::get<EnterEpoch>(turns_.front().cause).skipped, 0u);
  EXPECT_EQ(Play(), "in EnterEpoch");
  EXPECT_EQ(Play(), "nothing");
}

TEST_F(NodeCoreTest, ATaskAssignedBeforeTheEpochIsToldBeginsThen) {
  Assign(0, 1, 1, "n");
  EXPECT_EQ(turns_.size(), 0u);

  Do(EpochAdvanced{1, 1});

  EXPECT_EQ(Play(), "in Init");
}

TEST_F(NodeCoreTest, ATopologyThatIsWrongEndsTheJobWithItsName) {  // R13
  Restart(Topology([](TaskId, Epoch) { return TaskList{9}; }));
  Do(EpochAdvanced{1, 1});
  Assign(0, 1, 1, "n");

  const auto end = TheOnly<ProposeEnd>(orders_);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->task, 0u);
  EXPECT_EQ(end->end.reason, ExitReason::kFailed);
  EXPECT_TRUE(turns_.empty());
}

// --- Epochs ---

TEST_F(NodeCoreTest, SkippedEpochsAreCounted) {  // R7
  Settle(1);
  Do(EpochAdvanced{1, 4});

  EXPECT_EQ(std::get<EnterEpoch>(turns_.front().cause).skipped, 2u);
}

TEST_F(NodeCoreTest, AnEpochWhoseTurnCouldNotBeginWasSkipped) {  // R7
  Settle(1);
  Do(EpochAdvanced{1, 2});
  Do(EpochAdvanced{1, 3});
  const RunTurn waiting = turns_.front();
  EXPECT_FALSE(core_->MayBegin(waiting.replica));

  TurnEffects not_begun;
  not_begun.begun = false;
  Play(not_begun);

  EXPECT_EQ(std::get<EnterEpoch>(turns_.front().cause).skipped, 1u);
  EXPECT_TRUE(core_->MayBegin(waiting.replica));
}

TEST_F(NodeCoreTest, AnInitThatCouldNotBeginIsNotForgotten) {
  Do(EpochAdvanced{1, 1});
  Assign(0, 1, 1, "n");
  Do(EpochAdvanced{1, 2});
  TurnEffects not_begun;
  not_begun.begun = false;
  Play(not_begun);

  EXPECT_EQ(Play(), "in Init");
  EXPECT_EQ(Play(), "in EnterEpoch");
}

TEST_F(NodeCoreTest, EpochsNeverGoBack) {  // R7
  Settle(5);

  Do(EpochAdvanced{1, 4});
  Do(EpochAdvanced{1, 5});
  Do(MessageArrived{"m", EpochNews{1, 3}});

  EXPECT_TRUE(turns_.empty());
}

TEST_F(NodeCoreTest, TheWinnerOfTheEpochTellsItsPeers) {  // R6
  Settle(1);
  Do(PeerFound{"m"});
  Do(EpochDecided{2, /*won=*/true});

  const auto send = TheOnly<SendMessage>(orders_);
  ASSERT_TRUE(send);
  EXPECT_EQ(std::get<EpochNews>(send->message), (EpochNews{1, 2}));
  EXPECT_EQ(Play(), "in EnterEpoch");
}

TEST_F(NodeCoreTest, LosingTheEpochIsNoError) {  // R6
  Settle(1);
  Do(EpochDecided{2, /*won=*/false});
  EXPECT_TRUE(orders_.empty());

  Do(EpochAdvanced{1, 2});

  EXPECT_EQ(Play(), "in EnterEpoch");
}

TEST_F(NodeCoreTest, WhoIsToldByPeersWatchesOnlyWhenTheyAreSilent) {  // R6
  Settle(1);
  std::optional<FollowEpoch> follow;
  for (Epoch epoch = 2; epoch < 50 && !follow; ++epoch) {
    Wait(1ms);
    Do(MessageArrived{"m", EpochNews{1, epoch}});
    follow = TheOnly<FollowEpoch>(orders_);
  }
  ASSERT_TRUE(follow);
  EXPECT_EQ(follow->by, FollowEpoch::By::kPeers);
  orders_.clear();

  Wait(EpochWatch::kSilence);

  follow = TheOnly<FollowEpoch>(orders_);
  ASSERT_TRUE(follow);
  EXPECT_EQ(follow->by, FollowEpoch::By::kWatch);
  EXPECT_EQ(core_->NextDeadline(), kNever);
}

TEST_F(NodeCoreTest, AMessageOfALaterEpochBringsTheEpochWithIt) {  // R6, R8
  Settle(1);
  Message meta = From(1, Meta(1, "early"));
  meta.route.epoch = 2;

  Arrive(meta);

  EXPECT_EQ(Play(), "in EnterEpoch");
  EXPECT_EQ(Play(), "hearing a meta of task 1 on link type 'all'");
}

TEST_F(NodeCoreTest, AMessageOfALaterEpochWaitsForTheRunningTurn) {  // R8
  Settle(1);
  Arrive(1, Meta(1, "now"));
  Message meta = From(1, Meta(1, "later"));
  meta.route.epoch = 2;
  Arrive(meta);
  EXPECT_TRUE(TheOnly<StopTurn>(orders_));  // R9

  EXPECT_EQ(Play(), "hearing a meta of task 1 on link type 'all'");
  EXPECT_EQ(Play(), "in EnterEpoch");
  EXPECT_EQ(std::get<HearMeta>(turns_.front().cause).text, "later");
}

TEST_F(NodeCoreTest, WhatIsOfThePastIsRefusedWithTheEpoch) {  // R8
  Settle(3);
  Message meta = From(1, Meta(1, "old"));
  meta.route.epoch = 2;
  Arrive(meta);

  const auto send = TheOnly<SendMessage>(orders_);
  ASSERT_TRUE(send);
  EXPECT_EQ(std::get<Message>(send->message).route.epoch, 3u);
  EXPECT_THAT(Said(), ElementsAre("0>1 refuse epoch passed"));
  EXPECT_TRUE(turns_.empty());
}

TEST_F(NodeCoreTest, BeyondTheBoundTheFutureIsRefusedAndNotLost) {  // R8
  options_.limits.held_messages_max = 1;
  Restart(Star());
  Settle(1);
  Arrive(1, Meta(1, "busy"));
  for (TaskId from : {1, 2}) {
    Message meta = From(from, Meta(1, "later"));
    meta.route.epoch = 2;
    Arrive(meta);
  }

  EXPECT_THAT(Said(), ElementsAre("0>2 refuse unavailable"));
}

TEST_F(NodeCoreTest, BeyondItsBytesTheFutureIsRefusedAndNotLost) {  // R8
  options_.limits.held_bytes_max = 100;
  Restart(Star());
  Settle(1);
  Arrive(1, Meta(1, "busy"));
  for (TaskId from : {1, 2, 3}) {
    Message meta = From(from, Meta(1, std::string(from == 2 ? 90 : 20, 'x')));
    meta.route.epoch = 2;
    Arrive(meta);
  }

  EXPECT_THAT(Said(), ElementsAre("0>2 refuse unavailable"));
}

// Who answers in a term that the watch has not told of yet may send what it
// likes; what it answers is asked again when it is known.
TEST_F(NodeCoreTest, BeyondTheBoundAnswersOfTheFutureAreDroppedAndAskedAgain) {
  options_.limits.held_messages_max = 1;
  Restart(Star());
  Settle(1);
  Make(MakeRequest{1, 1, "Get", "", {}});
  Said();
  for (RequestNumber number : {99, 1}) {
    Message answer = From(1, Reply(number, "42"));
    answer.route.term = 2;
    Arrive(answer);
  }

  Assign(1, 2, 1, "m");

  EXPECT_EQ(Play(), "nothing") << "there was no room for the answer";
  EXPECT_THAT(Said(), ElementsAre("0>1 ask 1 Get"));
  Arrive(1, Reply(1, "42"));
  EXPECT_EQ(Play(), "taking Get from task 1");
}

TEST_F(NodeCoreTest, BeyondTheBoundAnAnswerOfTheFutureCountsAsLost) {
  options_.limits.held_messages_max = 1;
  Restart(Star());
  Settle(1);
  Make(MakeRequest{1, 1, "Get", "", {}});
  for (RequestNumber number : {99, 1}) {
    Message answer = From(1, Reply(number, "42"));
    answer.route.term = 2;
    Arrive(answer);
  }
  Said();

  Wait(1s);

  EXPECT_THAT(Said(), ElementsAre("0>1 ask 1 Get"));
}

TEST_F(NodeCoreTest, AnAnswerThatNobodyAskedForIsNotKept) {
  Settle(1);
  Make(MakeRequest{1, 1, "Get", "", {}});
  AnswerMessage early = std::get<AnswerMessage>(Reply(1, "42"));
  early.after = nudges_ + 1;  // A meta that has not come.

  Arrive(2, early);
  Arrive(2, Meta(nudges_ + 1, "now it has"));

  EXPECT_EQ(Play(), "hearing a meta of task 2 on link type 'all'");
  EXPECT_EQ(Play(), "nothing") << "it was task 1 that was asked";
}

TEST_F(NodeCoreTest, MoreMetasThanATaskMayFlagAreNotKept) {
  options_.limits.metas_per_epoch_max = 2;
  options_.limits.meta_bytes_max = 10;
  Restart(Star());
  Settle(1);
  Arrive(1, Meta(1, "more than ten bytes"));
  Arrive(1, Meta(1, "one"));
  Arrive(1, Meta(2, "two"));
  Arrive(1, Meta(3, "three"));

  for (int heard = 0; heard < 2; ++heard) EXPECT_NE(Play(), "nothing");
  EXPECT_EQ(Play(), "nothing");
  EXPECT_THAT(Said(), ElementsAre("0>1 ack 1", "0>1 ack 2"));
}

TEST_F(NodeCoreTest, ANeighborThatAsksWithoutEndKeepsWhatIsTooMuch) {
  options_.limits.open_requests_max = 2;
  Restart(Star());
  Settle(1);
  for (RequestNumber number : {1, 2, 3}) Arrive(1, Ask(1, number));
  EXPECT_THAT(Said(), ElementsAre("0>1 refuse unavailable"));

  const RequestId token = std::get<ServeRequest>(turns_.front().cause).id;
  PlayDoing(GiveAnswer{token, {}, Payload::Own("at last")});
  Said();
  Arrive(1, Ask(1, 3));
  EXPECT_THAT(Said(), IsEmpty());  // It is taken.
}

TEST_F(NodeCoreTest, TheEpochsEndVoidsTurnsAndTokens) {  // R9
  Settle(1);
  Arrive(1, Ask(1, 1));
  const RequestId token = std::get<ServeRequest>(turns_.front().cause).id;
  Do(EpochAdvanced{1, 2});
  PlayDoing(GiveAnswer{token, {}, Payload::Own("late")});
  PlayDoing(GiveAnswer{token, {}, Payload::Own("later")});

  EXPECT_THAT(Said(), IsEmpty());
}

TEST_F(NodeCoreTest, TheEpochIsAdvancedAfterAllElse) {  // R6, R15
  Settle(1);
  Arrive(1, Meta(1, "go"));
  TurnEffects effects;
  effects.ordered.push_back(FlagMeta{"all", "on"});
  effects.advance_epoch = true;
  Play(effects);

  ASSERT_FALSE(orders_.empty());
  const auto* epoch = std::get_if<ProposeEpoch>(&orders_.back());
  ASSERT_NE(epoch, nullptr);
  EXPECT_EQ(epoch->from, 1u);
  EXPECT_EQ(epoch->term, 1u);  // R3
}

TEST_F(NodeCoreTest, AnEpochIsNotAdvancedTwice) {  // R6
  Settle(1);
  Arrive(1, Meta(1, "go"));
  Do(EpochAdvanced{1, 2});
  TurnEffects effects;
  effects.advance_epoch = true;
  Play(effects);

  EXPECT_TRUE(Those<ProposeEpoch>(orders_).empty());
}

// --- Failures of others ---

TEST_F(NodeCoreTest, ANeighborsRestartIsToldAndItsMetasGoAgain) {  // R10, R22
  Settle();
  Make(FlagMeta{"all", "a"});
  Arrive(1, MetaAck{1, 1});
  Said();

  Assign(1, 2, 2, "");
  EXPECT_EQ(Play(), "hearing that task 1 failed");
  EXPECT_THAT(Said(), IsEmpty());
  Assign(1, 3, 2, "elsewhere");

  EXPECT_EQ(Play(), "hearing that task 1 restarted");
  EXPECT_THAT(Said(), ElementsAre("0>1 meta 1 a"));
}

TEST_F(NodeCoreTest, ALossThatWasNotHeardIsToldInTheNextEpochAndNoMore) {
  Settle();
  Arrive(2, Meta(1, "of a turn that runs"));
  Assign(1, 2, 2, "");  // R22: waits for it.
  Do(EpochAdvanced{1, 2});

  Play();
  EXPECT_EQ(Play(), "in EnterEpoch");
  EXPECT_EQ(Play(), "hearing that task 1 failed");
  Do(EpochAdvanced{1, 3});
  EXPECT_EQ(Play(), "in EnterEpoch");
  EXPECT_TRUE(turns_.empty());
}

TEST_F(NodeCoreTest, APromotionOfANeighborIsHidden) {  // R22
  Settle();

  Assign(1, 2, 1, "elsewhere");

  EXPECT_TRUE(turns_.empty());
}

TEST_F(NodeCoreTest, ABrokenConnectionIsAHintForTheController) {  // R21
  Settle();
  Do(NodeJoined{{"m", "host", 1, 0, {"tcp:m"}}});
  Do(ControllerChanged{{"boss", "host", 0, 0, {"tcp:boss"}}});

  Do(PeerLost{"m", "reset"});

  const auto hint = TheOnly<SendMessage>(orders_);
  ASSERT_TRUE(hint);
  EXPECT_EQ(hint->to, "boss");
  EXPECT_EQ(std::get<Suspicion>(hint->message), (Suspicion{"m", "reset"}));
}

// --- The end ---

TEST_F(NodeCoreTest, WhatANodeSaysBeforeItIsKnownToHaveJoinedWaits) {
  Settle();
  Assign(2, 2, 1, "late");
  Do(MessageArrived{"late", From(2, Meta(1, "early"))});
  Do(MessageArrived{"late", EpochNews{1, 9}});
  EXPECT_EQ(Play(), "nothing");
  EXPECT_EQ(core_->epoch(), 1u);

  Do(NodeJoined{{"late", "host", 4, 0, {}}});
  EXPECT_EQ(Play(), "hearing a meta of task 2 on link type 'all'");
  EXPECT_EQ(core_->epoch(), 9u);
}

// Each replacement is a new node.
TEST_F(NodeCoreTest, NodesThatAreGoneForGoodAreForgotten) {
  Settle();
  for (int i = 0; i < 1000; ++i) {
    const NodeId node = "x" + std::to_string(i);
    Do(NodeJoined{{node, "host", 1, 0, {}}});
    Do(NodeLeft{node});
  }

  EXPECT_LT(core_->remembered_nodes(), 50u);
}

TEST_F(NodeCoreTest, WhoHasATaskOrAConnectionIsHeardWithoutASession) {  // R25
  Settle();
  Do(PeerFound{"y"});
  Do(NodeJoined{{"y", "host", 1, 0, {}}});
  Do(NodeLeft{"m"});
  Do(NodeLeft{"y"});
  for (int i = 0; i < 1000; ++i) {
    const NodeId node = "x" + std::to_string(i);
    Do(NodeJoined{{node, "host", 1, 0, {}}});
    Do(NodeLeft{node});
  }

  Arrive(1, Meta(1, "still here"));
  EXPECT_EQ(Play(), "hearing a meta of task 1 on link type 'all'");
  Do(MessageArrived{"y", EpochNews{1, 2}});
  EXPECT_EQ(core_->epoch(), 2u);
}

// A dial to the node may fail while its own pipe carries its words.
TEST_F(NodeCoreTest, AFailedDialForgetsNothingOfWhatANodeSaid) {
  Settle();
  Do(MessageArrived{"late", EpochNews{1, 9}});
  Do(PeerLost{"late", "nobody listens"});
  Do(NodeJoined{{"late", "host", 4, 0, {}}});
  EXPECT_EQ(core_->epoch(), 9u);
}

TEST_F(NodeCoreTest, AtTheEndEachTaskExitsOnceAndThenTheNodeLeaves) {  // R24
  Settle();
  Do(JobEnded{{ExitReason::kFinished, {0, "done"}}});
  Do(JobEnded{{ExitReason::kFinished, {0, "done"}}});
  EXPECT_TRUE(Those<LeaveJob>(orders_).empty());

  EXPECT_EQ(std::get<ExitTask>(turns_.front().cause).reason,
            ExitReason::kFinished);
  Play();

  EXPECT_EQ(Those<LeaveJob>(orders_).size(), 1u);
}

TEST_F(NodeCoreTest, ASpareLeavesAtTheEndToo) {  // R24
  Do(EpochAdvanced{1, 1});
  Do(JobEnded{});

  EXPECT_TRUE(TheOnly<LeaveJob>(orders_));
}

TEST_F(NodeCoreTest, NothingBeginsAfterTheEnd) {  // R24
  Do(EpochAdvanced{1, 1});
  Do(JobEnded{});

  Assign(0, 1, 1, "n");

  EXPECT_TRUE(turns_.empty());
}

TEST_F(NodeCoreTest, TheEndIsProposedUnderTheTasksTerm) {  // R3, R24
  Settle();
  Arrive(1, Meta(1, "finish"));
  TurnEffects effects;
  effects.finish = ExitStatus{3, "no convergence"};
  Play(effects);

  const auto end = TheOnly<ProposeEnd>(orders_);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->task, 0u);
  EXPECT_EQ(end->term, 1u);
  EXPECT_EQ(end->end, (JobEnd{ExitReason::kFailed, {3, "no convergence"}}));
}

}  // namespace
}  // namespace taskgraph::core
