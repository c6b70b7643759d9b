// SPDX-License-Identifier: Apache-2.0
//
// One node seen from outside: facts in, orders out. Node "n" has task 0; the
// test plays the coordinator, the node "m" with tasks 1 and 2, and the runtime.
#include "core/node_core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "core/core_testing.h"

namespace taskgraph::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// What a message says, in a few words: "0>1 meta 1 hello".
struct Speaker {
  std::string operator()(const MetaMessage& meta) const {
    return "meta " + std::to_string(meta.number) + " " + meta.text;
  }
  std::string operator()(const MetaAck& ack) const {
    return "ack " + std::to_string(ack.number);
  }
  std::string operator()(const RequestMessage& request) const {
    return "ask " + std::to_string(request.id.number) + " " + request.method;
  }
  std::string operator()(const AnswerMessage& answer) const {
    return "answer " + std::to_string(answer.id.number) + " " +
           std::string(answer.error ? Name(answer.error->code)
                                    : answer.output.text());
  }
  std::string operator()(const Refusal& refusal) const {
    return "refuse " + std::string(Name(refusal.code));
  }
};

std::string Words(const Message& message) {
  return std::to_string(message.route.from) + ">" +
         std::to_string(message.route.to) + " " +
         std::visit(Speaker{}, message.body);
}

class NodeCoreTest : public testing::Test {
 protected:
  // Task 0 has links to 1 and 2, and they to it.
  NodeCoreTest() { Restart(Star()); }

  void Restart(Topology topology) {
    links_.emplace(std::vector<Link>{{"all", std::move(topology)}}, 4);
    core_ = std::make_unique<NodeCore>("n", *links_, options_);
    orders_.clear();
    turns_.clear();
  }

  // Everything is assigned, and task 0 has done its first two turns.
  void Settle(Epoch epoch = 1) {
    Do(EpochAdvanced{1, epoch});
    for (TaskId task : {1, 2, 3}) Assign(task, 1, 1, "m");
    Assign(0, 1, 1, "n");
    Play();
    Play();
    Said();
  }

  void Do(Input input) {
    for (Output& order : core_->Step(std::move(input), now_)) {
      if (auto* turn = std::get_if<RunTurn>(&order)) {
        turns_.push_back(std::move(*turn));
      } else {
        orders_.push_back(std::move(order));
      }
    }
  }

  void Assign(TaskId task, Term term, Incarnation incarnation, NodeId node) {
    Do(AssignmentChanged{task,
                         {term, incarnation, std::move(node), {}, 0, ""}});
  }

  // A message from `from` on node "m", as its record says it should be.
  Message From(TaskId from, Body body) const {
    const Assignment& record = core_->directory().of(from);
    const Term to_term = core_->directory().of(0).term;
    return {
        {from, 0, record.incarnation, record.term, to_term, core_->epoch(), 1},
        std::move(body)};
  }
  void Arrive(Message message) { Do(MessageArrived{"m", std::move(message)}); }
  void Arrive(TaskId from, Body body) { Arrive(From(from, std::move(body))); }

  static Body Meta(MetaNumber number, std::string text) {
    return MetaMessage{number, 1, "all", std::move(text)};
  }
  Body Ask(TaskId from, RequestNumber number) const {
    RequestMessage ask;
    ask.id = {from, core_->directory().of(from).incarnation, core_->epoch(),
              number};
    ask.first_unfinished = 1;
    ask.method = "Get";
    return ask;
  }
  Body Reply(RequestNumber number, std::string output) const {
    return AnswerMessage{
        {0, core_->directory().of(0).incarnation, core_->epoch(), number},
        std::nullopt,
        Payload::Own(std::move(output))};
  }

  // The turn that was ordered, finished with `effects`; what it was about.
  std::string Play(TurnEffects effects = {}) {
    if (turns_.empty()) return "nothing";
    const RunTurn turn = std::move(turns_.front());
    turns_.pop_front();
    EXPECT_TRUE(turns_.empty()) << "two turns at a time";
    Do(TurnFinished{turn.replica, std::move(effects)});
    return Describe(turn.cause);
  }
  // A turn in which the task does `effect`. It has been ordered already.
  void PlayDoing(Effect effect) {
    TurnEffects effects;
    effects.ordered.push_back(std::move(effect));
    Play(std::move(effects));
  }
  // Gives the task a turn, and an `effect` in it.
  void Make(Effect effect) {
    Arrive(2, MetaMessage{++nudges_, nudges_, "all", "nudge"});
    PlayDoing(std::move(effect));
    const std::vector<std::string> said = Said();
    for (const std::string& words : said) {
      if (words.rfind("0>2 ack", 0) != 0) said_.push_back(words);
    }
  }

  // All that was sent to node m since the last call.
  std::vector<std::string> Said() {
    std::vector<std::string> said = std::exchange(said_, {});
    for (const SendMessage& send : Those<SendMessage>(orders_)) {
      if (const auto* message = std::get_if<Message>(&send.message)) {
        said.push_back(Words(*message));
      }
    }
    std::erase_if(orders_, [](const Output& order) {
      return std::holds_alternative<SendMessage>(order);
    });
    return said;
  }

  void Wait(Duration duration) {
    now_ += duration;
    if (core_->NextDeadline() <= now_) Do(DeadlinePassed{});
  }

  JobOptions options_;
  std::optional<Links> links_;
  std::unique_ptr<NodeCore> core_;
  Time now_ = 1s;
  Outputs orders_;
  std::deque<RunTurn> turns_;
  std::vector<std::string> said_;
  MetaNumber nudges_ = 0;
};

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

// --- Metas ---

TEST_F(NodeCoreTest, AMetaIsAcknowledgedWhenItsTurnTookEffect) {  // R10
  Settle();
  Arrive(1, Meta(1, "a"));
  EXPECT_THAT(Said(), IsEmpty());

  Play();

  EXPECT_THAT(Said(), ElementsAre("0>1 ack 1"));
}

TEST_F(NodeCoreTest, ARepeatedMetaIsAcknowledgedAndNotHeard) {  // R10
  Settle();
  Arrive(1, Meta(1, "a"));
  Play();
  Said();

  Arrive(1, Meta(1, "a"));

  EXPECT_TRUE(turns_.empty());
  EXPECT_THAT(Said(), ElementsAre("0>1 ack 1"));
}

TEST_F(NodeCoreTest, MetasAreHeardInTheirOrder) {  // R10
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

TEST_F(NodeCoreTest, WhatABrokenConnectionMayHaveLostGoesAgain) {  // R10, R12
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

TEST_F(NodeCoreTest, WhoSpeaksWithAnOldTermIsToldAndNotHeard) {  // R2
  Settle();
  const Message old = From(1, Meta(1, "from the past"));
  Assign(1, 2, 1, "elsewhere");

  Arrive(old);

  EXPECT_TRUE(turns_.empty());
  EXPECT_THAT(Said(), ElementsAre("0>1 refuse superseded"));
}

TEST_F(NodeCoreTest, WhoSpeaksWithATermThatIsNotKnownYetWaitsForIt) {  // R22
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

TEST_F(NodeCoreTest, ASupersededReplicaExitsAndSaysNothingMore) {  // R2
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

TEST_F(NodeCoreTest, AHigherTermInAMessageSupersedesAtOnce) {  // R2
  Settle();
  Message meta = From(1, Meta(1, "for your successor"));
  meta.route.to_term = 2;

  Arrive(meta);

  EXPECT_EQ(std::get<ExitTask>(turns_.front().cause).reason,
            ExitReason::kSuperseded);
}

TEST_F(NodeCoreTest, ARefusalOfASupersededReplicaSupersedesIt) {  // R2
  Settle();
  Message refusal = From(1, Refusal{ErrorCode::kSuperseded, 2});
  refusal.route.to_term = 2;

  Arrive(refusal);

  EXPECT_EQ(Play(), "in Exit");
}

TEST_F(NodeCoreTest, ARefusalOfAnEarlierReplicaDoesNotHarmTheNewOne) {  // R2
  Settle();
  Assign(0, 2, 2, "n");
  turns_.pop_front();  // The old one's Exit.
  Arrive(1, Refusal{ErrorCode::kSuperseded, 2});

  for (const RunTurn& turn : turns_) {
    EXPECT_FALSE(std::holds_alternative<ExitTask>(turn.cause));
  }
}

TEST_F(NodeCoreTest, AMessageForAnAssignmentToComeWaitsForIt) {
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

TEST_F(NodeCoreTest, AMessageForATaskThatIsNotHereIsSentBack) {  // R13
  Settle();
  Assign(0, 2, 2, "");
  Play();

  Arrive(1, Meta(1, "hello?"));
  EXPECT_THAT(Said(), ElementsAre("0>1 refuse moved"));
  Arrive(1, Refusal{ErrorCode::kUnavailable, 1});
  EXPECT_THAT(Said(), IsEmpty());  // Refusals are not refused.
}

TEST_F(NodeCoreTest, AMessageOfALaterGenerationIsRefusedAndOfAnEarlierDropped) {
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

TEST_F(NodeCoreTest, ARequestIsServedOnceAndItsAnswerRepeated) {  // R14
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

TEST_F(NodeCoreTest, WhoHasNoLinkToATaskMayNotAsk) {  // R13
  Restart(Topology(
      [](TaskId task, Epoch) { return task == 1 ? TaskList{0} : TaskList{}; }));
  Settle();
  Arrive(2, Ask(2, 1));

  EXPECT_TRUE(turns_.empty());
  EXPECT_THAT(Said(), ElementsAre("0>2 answer 1 not a neighbor"));
  Arrive(1, Ask(1, 1));
  EXPECT_EQ(Play(), "serving Get to task 1");
}

TEST_F(NodeCoreTest, ARequestToWhoIsNoNeighborFails) {  // R12, R13
  Restart(Topology(
      [](TaskId task, Epoch) { return task == 2 ? TaskList{0} : TaskList{}; }));
  Settle();
  Make(MakeRequest{1, 1, "Get", "", {}});

  EXPECT_EQ(Play(),
            "hearing that Get of task 1 failed: task 0 has no link to task 1 "
            "in epoch 1");
  EXPECT_THAT(Said(), IsEmpty());
}

TEST_F(NodeCoreTest, OnlyTheFirstAnswerIsHeard) {  // R12
  Settle();
  Make(MakeRequest{1, 1, "Get", "", {}});
  Arrive(1, Reply(1, "x"));
  Arrive(1, Reply(1, "x"));

  EXPECT_EQ(Play(), "taking Get from task 1");
  EXPECT_TRUE(turns_.empty());
}

TEST_F(NodeCoreTest, ACancelledRequestFailsOnceAndItsAnswerIsNotHeard) {  // R12
  Settle();
  Make(MakeRequest{1, 1, "Get", "", {}});
  Make(CancelRequest{1});
  Arrive(1, Reply(1, "x"));

  EXPECT_EQ(Play(), "hearing that Get of task 1 failed: withdrawn by the task");
  EXPECT_TRUE(turns_.empty());
}

TEST_F(NodeCoreTest, ARefusedRequestIsAskedAgainWithBackOff) {  // R13
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

TEST_F(NodeCoreTest, ARequestGoesToTheNewPrimaryAtOnce) {  // R13
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

TEST_F(NodeCoreTest, ATurnThatThrowsLeavesNoTraceAndIsCounted) {  // R15, R23
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

TEST_F(NodeCoreTest, ATaskThatRetiresIsNotCountedAsFailed) {  // R23
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
