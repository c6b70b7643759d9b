// SPDX-License-Identifier: Apache-2.0
//
// Backups on one node: what a primary owes them, and how a backup comes to be
// one, or a primary.
#include <gtest/gtest.h>

#include "core/standby_testing.h"
#include "core/task_books.h"

namespace taskgraph::core {
namespace {

using HotStandbyTest = StandbyTesting;

// A copy that was thrown away does not begin again from nothing.
TEST_F(HotStandbyTest, ADroppedCopyIsNotReplacedByAnEmptyOne) {  // R4
  Assign0(Record(1, "p", {"n", "c"}));
  Play();
  Replica("p", LogAppend{1,
                         0,
                         0,
                         2,
                         1,
                         {Rec(1, 1, 1, InitTask{}, {Payload::Own("+100")}),
                          Rec(2, 1, 1, EnterEpoch{})}});
  TurnEffects thrown;
  thrown.failure = "Update threw";
  EXPECT_EQ(Play(thrown), "in Update");
  EXPECT_EQ(Sent<ReplicaGone>().size(), 1u);
  orders_.clear();

  Assign0(Record(1, "p", {"n"}));  // p removed c; n's removal is undecided.
  EXPECT_TRUE(turns_.empty()) << "an empty copy: " << Play();
  Do(NodeLeft{"p"});
  EXPECT_FALSE(PromotionProposed());
  Assign0(Record(2, "n", {}));
  std::string plays;
  while (!turns_.empty()) plays += Play() + "; ";
  EXPECT_EQ(plays, "");  // Contains Init: the task begins from nothing.
}

// Its node may have other proposals under way.
TEST_F(HotStandbyTest, OnlyTheVerdictOnItsOwnProposalEndsTheUnion) {  // R19
  Assign0(Record(1, "p", {"n"}));
  Play();
  Do(NodeLeft{"p"});
  ASSERT_TRUE(PromotionProposed());  // [A]: its answer is lost, but it won.
  Assign0(Record(2, "n", {}, {"j"}, 1));
  Assign0(Record(2, "n", {}, {"j"}, 2));
  while (!turns_.empty()) Play();
  const auto invited = Sent<Invitation>();
  ASSERT_EQ(invited.size(), 1u);
  Replica("j", LogAck{2, invited[0].join, invited[0].applied, 0});
  const auto appends = Sent<LogAppend>();
  ASSERT_FALSE(appends.empty());
  const LogAppend& last = appends.back();
  orders_.clear();
  Replica("j", LogAck{2, last.join,
                      last.records.empty() ? invited[0].applied
                                           : last.records.back().number,
                      last.stamp});
  const auto c = TheOnly<ProposeAssignments>(orders_);  // [C]
  ASSERT_TRUE(c);
  ASSERT_EQ(c->changes[0].next.backups, std::vector<NodeId>{"j"});

  // A turn whose record j does not have yet.
  orders_.clear();
  said_.clear();
  Arrive(2, MetaMessage{1, 1, "all", "nudge"});
  PlayDoing(FlagMeta{"all", "seen outside"});
  EXPECT_THAT(Said(), testing::IsEmpty());

  Do(AssignmentsDecided{{0}});  // Of [A], asked again since. [C] is undecided.
  EXPECT_THAT(Said(), testing::IsEmpty())
      << "j, which counts if [C] wins, has no record of it";
}

// Its node may be behind its books in epochs.
TEST_F(HotStandbyTest, APromotedBackupGoesOnInTheEpochOfItsBooks) {
  Assign0(Record(1, "p", {"n"}));
  Play();
  Replica("p", LogAppend{1,
                         0,
                         0,
                         3,
                         1,
                         {Rec(1, 1, 1, InitTask{}), Rec(2, 1, 1, EnterEpoch{}),
                          Rec(3, 1, 2, HearMeta{1, 1, 1, "all", "a", 1})}});
  Do(NodeLeft{"p"});
  Assign0(Record(2, "n", {}));
  std::string plays;
  const auto play = [&] {
    while (!turns_.empty()) {
      if (core_->MayBegin(turns_.front().replica)) {
        plays += Play() + "; ";
      } else {
        TurnEffects none;
        none.begun = false;
        Play(none);
      }
    }
  };
  play();
  Do(EpochAdvanced{1, 2});
  play();
  EXPECT_THAT(plays, testing::HasSubstr("EnterEpoch")) << plays;
}

// Metas of a neighbor's earlier life wait while a snapshot is taken.
TEST_F(HotStandbyTest, AJoinersInboxKnowsOneLifeOfASenderFromTheNext) {  // R10
  const Directory directory(4);
  NoClerk clerk;
  TaskBooks primary(0, directory);
  primary.Enter(1, links_->Neighbors(0, 1).value());
  std::vector<Cause> tray;
  const auto arrive = [&](Incarnation incarnation, MetaMessage meta) {
    ASSERT_EQ(primary.metas_heard.Arrive(1, incarnation, meta),
              MetaInbox::Verdict::kNew);
    tray.push_back(HearMeta{1, incarnation, meta.number, meta.link, meta.text,
                            meta.occurrence});
  };
  arrive(1, {1, 1, "all", "a"});
  arrive(1, {2, 1, "all", "b"});
  arrive(2, {1, 1, "all", "z"});  // It restarted, and flags something else.

  std::vector<const Cause*> waits;
  for (const Cause& cause : tray) waits.push_back(&cause);
  const Payload bytes = primary.Copy(waits);
  TaskBooks joiner(0, directory);
  FieldReader in(bytes.text());
  std::vector<Cause> unheard;
  ASSERT_TRUE(joiner.Read(in, *links_, unheard));

  {  // Promoted at once: nothing of the tray has been heard by the task.
    TaskBooks copy(0, directory);
    FieldReader again(bytes.text());
    ASSERT_TRUE(copy.Read(again, *links_, unheard));
    EXPECT_EQ(copy.metas_heard.Arrive(1, 2, {1, 1, "all", "a"}),
              MetaInbox::Verdict::kNew)
        << "the sender flags it again; its first one was never heard";
  }
  // Promoted after the turns of the tray.
  for (const Cause& cause : tray) {
    TurnContent turn;
    turn.epoch = 1;
    turn.cause = cause;
    joiner.Replay(std::move(turn), clerk);
  }
  EXPECT_EQ(joiner.metas_heard.Arrive(1, 2, {2, 1, "all", "y"}),
            MetaInbox::Verdict::kNew)
      << "a new meta of the sender's is taken for a known one";
}

// Its predecessor may have called them in vain.
TEST_F(HotStandbyTest, APromotedBackupInvitesWhoIsJoining) {  // R20
  Assign0(Record(1, "p", {"n"}, {"j"}, 1));
  Play();
  Do(NodeLeft{"p"});
  Assign0(Record(2, "n", {}, {"j"}, 1));
  while (!turns_.empty()) Play();
  Wait(5s);
  while (!turns_.empty()) Play();
  EXPECT_EQ(Sent<Invitation>().size(), 1u);
}

// Its connection may come later than its choice.
TEST_F(HotStandbyTest, AJoinerThatWasSuspectedIsInvitedLater) {  // R20
  Do(PeerProbed{"j", PeerProbed::Verdict::kSilent});
  Assign0(Record(1, "n", {}));
  while (!turns_.empty()) Play();
  Assign0(Record(1, "n", {}, {"j"}, 1));
  while (!turns_.empty()) Play();
  Do(PeerFound{"j"});
  Wait(1min);
  while (!turns_.empty()) Play();
  EXPECT_EQ(Sent<Invitation>().size(), 1u);
}

// A joiner that refuses while another change is undecided.
TEST_F(HotStandbyTest, AJoinerThatRefusesIsInvitedAgain) {  // R20
  Assign0(Record(1, "n", {"c"}));
  while (!turns_.empty()) Play();
  Assign0(Record(1, "n", {"c"}, {"j"}, 1));
  while (!turns_.empty()) Play();
  ASSERT_EQ(Sent<Invitation>().size(), 1u);
  Do(PeerProbed{"c", PeerProbed::Verdict::kGone});  // Proposes to remove c.
  Replica("j", ReplicaGone{1});  // No room, or Restore threw.
  Assign0(Record(1, "n", {}, {"j"}, 1));
  Do(AssignmentsDecided{{0}});
  for (int i = 0; i < 100; ++i) {
    Wait(1s);
    while (!turns_.empty()) Play();
  }
  EXPECT_GE(Sent<Invitation>().size(), 2u);
}

// A request that its requester withdrew while a snapshot was taken.
TEST_F(HotStandbyTest,
       AWithdrawnRequestOfTheTrayHasATokenOnTheJoinerToo) {  // R17
  const Directory directory(4);
  NoClerk clerk;
  TaskBooks primary(0, directory);
  primary.Enter(1, links_->Neighbors(0, 1).value());
  RequestMessage three, five;
  three.id = {1, 1, 1, 3};
  three.first_unfinished = 3;
  three.method = five.method = "Get";
  three.key = "k";
  five.id = {1, 1, 1, 5};
  five.first_unfinished = 5;  // 3 was withdrawn.
  primary.served.Arrive(three, 9);
  primary.served.Arrive(five, 9);
  const Cause serve = ServeRequest{three.id, "Get", {}, "k", 3};
  const Cause serve5 = ServeRequest{five.id, "Get", {}, "", 5};
  const Payload bytes = primary.Copy({&serve, &serve5});
  TaskBooks joiner(0, directory);
  FieldReader in(bytes.text());
  std::vector<Cause> unheard;
  ASSERT_TRUE(joiner.Read(in, *links_, unheard));
  TurnContent turn;
  turn.epoch = 1;
  turn.cause = serve;  // The task keeps the token.
  joiner.Replay(std::move(turn), clerk);
  EXPECT_EQ(joiner.served.Unanswered().size(), 1u)
      << "after a promotion Turn::Answer throws: 'never asked of this task'";
}

// An invitation from a node that is not known yet, when there is no room.
TEST_F(HotStandbyTest, AnInvitationThatFindsNoRoomIsRefused) {  // R20
  options_.limits.held_messages_max = 1;
  core_ = std::make_unique<NodeCore>("n", *links_, options_);
  Do(EpochAdvanced{1, 1});
  Do(MessageArrived{"somebody", EpochNews{1, 1}});
  orders_.clear();
  Replica("p", Invitation{1, 1, 1, 2, Seal({}), Seal({})});
  Do(NodeJoined{{"p", "p", 4, 0, {}}});
  Assign0(Record(1, "p", {}, {"n"}, 1));
  EXPECT_TRUE(!Sent<ReplicaGone>().empty() || !turns_.empty())
      << "nobody will ever hear of it";
}

}  // namespace
}  // namespace taskgraph::core
