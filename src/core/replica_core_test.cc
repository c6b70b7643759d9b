// SPDX-License-Identifier: Apache-2.0
//
// One task as its node runs it: metas, requests, turns, and who may speak.
#include <gtest/gtest.h>

#include "core/one_node_testing.h"

namespace taskgraph::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using ReplicaCoreTest = OneNodeTest;

// --- Metas ---

TEST_F(ReplicaCoreTest, AMetaIsAcknowledgedWhenItsTurnTookEffect) {  // R10
  Settle();
  Arrive(1, Meta(1, "a"));
  EXPECT_THAT(Said(), IsEmpty());

  Play();

  EXPECT_THAT(Said(), ElementsAre("0>1 ack 1"));
}

TEST_F(ReplicaCoreTest, ARepeatedMetaIsAcknowledgedAndNotHeard) {  // R10
  Settle();
  Arrive(1, Meta(1, "a"));
  Play();
  Said();

  Arrive(1, Meta(1, "a"));

  EXPECT_TRUE(turns_.empty());
  EXPECT_THAT(Said(), ElementsAre("0>1 ack 1"));
}

TEST_F(ReplicaCoreTest, MetasAreHeardInTheirOrder) {  // R10
  Settle();
  Arrive(1, Meta(1, "a"));
  Arrive(1, Meta(3, "c"));
  Arrive(1, Meta(2, "b"));

  EXPECT_EQ(std::get<HearMeta>(turns_.front().cause).text, "a");
  Play();
  EXPECT_EQ(std::get<HearMeta>(turns_.front().cause).text, "b");
  Play();
  EXPECT_TRUE(turns_.empty());  // "c" comes again.
}

TEST_F(ReplicaCoreTest,
       WhatABrokenConnectionMayHaveLostGoesAgain) {  // R10, R12
  Settle();
  Make(FlagMeta{"all", "a"});
  Make(MakeRequest{1, 1, "Get", "", {}});
  EXPECT_THAT(Said(), ElementsAre("0>1 meta 1 a", "0>2 meta 1 a",
                                  "0>3 meta 1 a", "0>1 ask 1 Get"));
  Arrive(2, MetaAck{1, 1});

  Do(PeerLost{"m", "reset"});
  EXPECT_THAT(Said(), IsEmpty());
  Wait(options_.failure.backoff_min);

  EXPECT_THAT(Said(),
              ElementsAre("0>1 meta 1 a", "0>1 ask 1 Get", "0>3 meta 1 a"));
}

// --- Roles and fencing ---

TEST_F(ReplicaCoreTest, WhoSpeaksWithAnOldTermIsToldAndNotHeard) {  // R2
  Settle();
  const Message old = From(1, Meta(1, "from the past"));
  Assign(1, 2, 1, "elsewhere");

  Arrive(old);

  EXPECT_TRUE(turns_.empty());
  EXPECT_THAT(Said(), ElementsAre("0>1 refuse superseded"));
}

TEST_F(ReplicaCoreTest, OnlyItsPrimarysNodeSpeaksForATask) {  // R2
  Settle();
  Make(FlagMeta{"all", "hello"});
  Said();
  Do(NodeJoined{{"other", "host", 4, 0, {}}});
  Do(MessageArrived{"other", From(1, MetaAck{1, 1})});
  Do(MessageArrived{"other", From(1, Meta(1, "forged"))});
  EXPECT_EQ(Play(), "nothing");

  Do(PeerLost{"m", "gone"});  // What is not acknowledged goes again.
  Wait(1min);
  EXPECT_THAT(Said(), testing::Contains("0>1 meta 1 hello"));
}

TEST_F(ReplicaCoreTest, WhoSpeaksWithATermThatIsNotKnownYetWaitsForIt) {  // R22
  Settle();
  Message meta = From(1, Meta(1, "new here"));
  meta.route.term = 2;
  meta.route.incarnation = 2;
  Arrive(meta);
  EXPECT_TRUE(turns_.empty());

  Assign(1, 2, 2, "m");

  EXPECT_EQ(Play(), "hearing that task 1 failed");
  EXPECT_EQ(Play(), "hearing that task 1 restarted");
  EXPECT_EQ(Play(), "hearing a meta of task 1 on link type 'all'");
}

TEST_F(ReplicaCoreTest, ASupersededReplicaExitsAndSaysNothingMore) {  // R2
  Settle();
  Arrive(1, Meta(1, "work"));
  Assign(0, 2, 1, "elsewhere");
  EXPECT_TRUE(TheOnly<StopTurn>(orders_));
  EXPECT_FALSE(core_->MayBegin(turns_.front().replica));

  PlayDoing(FlagMeta{"all", "too late"});

  EXPECT_THAT(Said(), IsEmpty());
  EXPECT_EQ(std::get<ExitTask>(turns_.front().cause).reason,
            ExitReason::kSuperseded);
  Play();
  EXPECT_TRUE(core_->replicas().empty());
}

TEST_F(ReplicaCoreTest, AHigherTermInAMessageSupersedesAtOnce) {  // R2
  Settle();
  Message meta = From(1, Meta(1, "for your successor"));
  meta.route.to_term = 2;

  Arrive(meta);

  EXPECT_EQ(std::get<ExitTask>(turns_.front().cause).reason,
            ExitReason::kSuperseded);
}

TEST_F(ReplicaCoreTest, ARefusalOfASupersededReplicaSupersedesIt) {  // R2
  Settle();
  Message refusal = From(1, Refusal{ErrorCode::kSuperseded, 2});
  refusal.route.to_term = 2;

  Arrive(refusal);

  EXPECT_EQ(Play(), "in Exit");
}

TEST_F(ReplicaCoreTest, ARefusalOfAnEarlierReplicaDoesNotHarmTheNewOne) {  // R2
  Settle();
  Assign(0, 2, 2, "n");
  turns_.pop_front();  // The old one's Exit.
  Arrive(1, Refusal{ErrorCode::kSuperseded, 2});

  for (const RunTurn& turn : turns_) {
    EXPECT_FALSE(std::holds_alternative<ExitTask>(turn.cause));
  }
}

TEST_F(ReplicaCoreTest, AMessageForAnAssignmentToComeWaitsForIt) {
  Do(EpochAdvanced{1, 1});
  Assign(1, 1, 1, "m");
  Message meta = From(1, Meta(1, "welcome"));
  meta.route.to_term = 1;
  Arrive(meta);
  EXPECT_THAT(Said(), IsEmpty());

  Assign(0, 1, 1, "n");
  Play();
  Play();

  EXPECT_EQ(Play(), "hearing a meta of task 1 on link type 'all'");
}

TEST_F(ReplicaCoreTest, AMessageForATaskThatIsNotHereIsSentBack) {  // R13
  Settle();
  Assign(0, 2, 2, "");
  Play();

  Arrive(1, Meta(1, "hello?"));
  EXPECT_THAT(Said(), ElementsAre("0>1 refuse moved"));
  Arrive(1, Refusal{ErrorCode::kUnavailable, 1});
  EXPECT_THAT(Said(), IsEmpty());  // Refusals are not refused.
}

TEST_F(ReplicaCoreTest,
       AMessageOfALaterGenerationIsRefusedAndOfAnEarlierDropped) {
  Settle();  // R5
  Message later = From(1, Meta(1, "a"));
  later.route.generation = 2;
  Arrive(later);
  EXPECT_THAT(Said(), ElementsAre("0>1 refuse unavailable"));

  Message earlier = From(1, Meta(1, "a"));
  earlier.route.generation = 0;
  Arrive(earlier);
  EXPECT_THAT(Said(), IsEmpty());
  EXPECT_TRUE(turns_.empty());
}

// --- Requests ---

TEST_F(ReplicaCoreTest, ARequestIsServedOnceAndItsAnswerRepeated) {  // R14
  Settle();
  Arrive(1, Ask(1, 1));
  Arrive(1, Ask(1, 1));
  const RequestId token = std::get<ServeRequest>(turns_.front().cause).id;
  PlayDoing(GiveAnswer{token, {}, Payload::Own("42")});
  EXPECT_TRUE(turns_.empty());
  EXPECT_THAT(Said(), ElementsAre("0>1 answer 1 42"));

  Arrive(1, Ask(1, 1));

  EXPECT_TRUE(turns_.empty());
  EXPECT_THAT(Said(), ElementsAre("0>1 answer 1 42"));
}

TEST_F(ReplicaCoreTest, WhoHasNoLinkToATaskMayNotAsk) {  // R13
  Restart(Topology(
      [](TaskId task, Epoch) { return task == 1 ? TaskList{0} : TaskList{}; }));
  Settle();
  Arrive(2, Ask(2, 1));

  EXPECT_TRUE(turns_.empty());
  EXPECT_THAT(Said(), ElementsAre("0>2 answer 1 not a neighbor"));
  Arrive(1, Ask(1, 1));
  EXPECT_EQ(Play(), "serving Get to task 1");
}

TEST_F(ReplicaCoreTest, ARequestToWhoIsNoNeighborFails) {  // R12, R13
  Restart(Topology(
      [](TaskId task, Epoch) { return task == 2 ? TaskList{0} : TaskList{}; }));
  Settle();
  Make(MakeRequest{1, 1, "Get", "", {}});

  EXPECT_EQ(Play(),
            "hearing that Get of task 1 failed: task 0 has no link to task 1 "
            "in epoch 1");
  EXPECT_THAT(Said(), IsEmpty());
}

TEST_F(ReplicaCoreTest, OnlyTheFirstAnswerIsHeard) {  // R12
  Settle();
  Make(MakeRequest{1, 1, "Get", "", {}});
  Arrive(1, Reply(1, "x"));
  Arrive(1, Reply(1, "x"));

  EXPECT_EQ(Play(), "taking Get from task 1");
  EXPECT_TRUE(turns_.empty());
}

TEST_F(ReplicaCoreTest,
       ACancelledRequestFailsOnceAndItsAnswerIsNotHeard) {  // R12
  Settle();
  Make(MakeRequest{1, 1, "Get", "", {}});
  Make(CancelRequest{1});
  Arrive(1, Reply(1, "x"));

  EXPECT_EQ(Play(), "hearing that Get of task 1 failed: withdrawn by the task");
  EXPECT_TRUE(turns_.empty());
}

TEST_F(ReplicaCoreTest, ARefusedRequestIsAskedAgainWithBackOff) {  // R13
  Settle();
  Make(MakeRequest{1, 1, "Get", "", {}});
  Said();

  Arrive(1, Refusal{ErrorCode::kMoved, 1});
  Wait(options_.failure.backoff_min);
  EXPECT_THAT(Said(), ElementsAre("0>1 ask 1 Get"));

  Arrive(1, Refusal{ErrorCode::kMoved, 1});
  Wait(options_.failure.backoff_min);
  EXPECT_THAT(Said(), IsEmpty());
  Wait(options_.failure.backoff_min);
  EXPECT_THAT(Said(), ElementsAre("0>1 ask 1 Get"));
}

TEST_F(ReplicaCoreTest, ARequestGoesToTheNewPrimaryAtOnce) {  // R13
  Settle();
  Make(MakeRequest{1, 1, "Get", "", {}});
  Arrive(1, Refusal{ErrorCode::kMoved, 1});
  Said();

  Assign(1, 2, 1, "elsewhere");

  const auto send = TheOnly<SendMessage>(orders_);
  ASSERT_TRUE(send);
  EXPECT_EQ(send->to, "elsewhere");
  EXPECT_EQ(std::get<Message>(send->message).route.to_term, 2u);
  EXPECT_EQ(core_->NextDeadline(), kNever);
}

// --- Turns ---

TEST_F(ReplicaCoreTest, AnAnswerWaitsForTheMetasThatWereFlaggedBeforeIt) {
  Settle();
  Make(MakeRequest{1, 1, "Get", "", {}});
  AnswerMessage answer = std::get<AnswerMessage>(Reply(1, "42"));
  answer.after = 2;

  Arrive(1, answer);
  Arrive(1, Meta(1, "first"));
  EXPECT_EQ(Play(), "hearing a meta of task 1 on link type 'all'");
  EXPECT_EQ(Play(), "nothing");
  Arrive(1, MetaMessage{2, 1, "all", "second"});

  EXPECT_EQ(Play(), "hearing a meta of task 1 on link type 'all'");
  EXPECT_EQ(Play(), "taking Get from task 1");
}

TEST_F(ReplicaCoreTest, AnAnswerSaysWhichMetasComeBeforeIt) {
  Settle();
  Make(FlagMeta{"all", "first"});
  Arrive(1, Ask(1, 1));
  Said();
  TurnEffects effects;
  effects.ordered.push_back(FlagMeta{"all", "second"});
  effects.ordered.push_back(
      GiveAnswer{std::get<RequestMessage>(Ask(1, 1)).id, {}, {}});
  effects.ordered.push_back(FlagMeta{"all", "third"});
  Play(std::move(effects));

  for (const SendMessage& send : Those<SendMessage>(orders_)) {
    const auto& message = std::get<Message>(send.message);
    if (const auto* answer = std::get_if<AnswerMessage>(&message.body)) {
      EXPECT_EQ(answer->after, 2u);
      return;
    }
  }
  FAIL() << "no answer";
}

TEST_F(ReplicaCoreTest, ATurnThatThrowsLeavesNoTraceAndIsCounted) {  // R15, R23
  Settle();
  Arrive(1, Meta(1, "bad"));
  TurnEffects effects;
  effects.ordered.push_back(FlagMeta{"all", "half done"});
  effects.advance_epoch = true;
  effects.failure = "division by zero";
  Play(effects);

  EXPECT_THAT(Said(), IsEmpty());
  EXPECT_TRUE(Those<ProposeEpoch>(orders_).empty());
  EXPECT_TRUE(TheOnly<DropTask>(orders_));
  const auto proposal = TheOnly<ProposeAssignments>(orders_);
  ASSERT_TRUE(proposal);
  EXPECT_EQ(proposal->changes[0].next,
            (Assignment{2,
                        2,
                        "",
                        {},
                        1,
                        "division by zero (while hearing a meta of task 1 on "
                        "link type 'all')"}));
  EXPECT_TRUE(core_->replicas().empty());
}

TEST_F(ReplicaCoreTest, AReasonTooLongToTravelIsCutAndNotLost) {  // R12, R23
  Settle();
  Arrive(1, Ask(1, 1));
  const RequestId token = std::get<ServeRequest>(turns_.front().cause).id;
  const std::string endless(4 << 20, 'x');
  PlayDoing(GiveAnswer{token, Error{ErrorCode::kHandlerError, endless}, {}});
  const auto send = TheOnly<SendMessage>(orders_);
  ASSERT_TRUE(send);
  const auto& answer =
      std::get<AnswerMessage>(std::get<Message>(send->message).body);
  EXPECT_LT(answer.error->message.size(), 64u << 10);

  Arrive(1, Meta(1, "bad"));
  TurnEffects effects;
  effects.failure = endless;
  Play(effects);

  const auto proposal = TheOnly<ProposeAssignments>(orders_);
  ASSERT_TRUE(proposal);
  EXPECT_LT(proposal->changes[0].next.last_error.size(), 64u << 10);
}

TEST_F(ReplicaCoreTest, ATaskThatRetiresIsNotCountedAsFailed) {  // R23
  Settle();
  Arrive(1, Meta(1, "go home"));
  TurnEffects effects;
  effects.ordered.push_back(FlagMeta{"all", "bye"});
  effects.retire = true;
  Play(effects);

  EXPECT_EQ(TheOnly<ProposeAssignments>(orders_)->changes[0].next,
            (Assignment{2, 2, "", {}, 0, "it retired"}));
  EXPECT_THAT(Said(), ElementsAre("0>1 meta 1 bye", "0>2 meta 1 bye",
                                  "0>3 meta 1 bye", "0>1 ack 1"));
  EXPECT_EQ(Play(), "in Exit");
}

}  // namespace
}  // namespace taskgraph::core
