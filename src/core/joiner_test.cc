// SPDX-License-Identifier: Apache-2.0
//
// New backups, what is compared with them, and what waits for them (R15, R19,
// R20).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/standby_testing.h"

namespace taskgraph::core {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using JoinerTest = StandbyTesting;

TEST_F(JoinerTest, ABackupTakesTheSnapshotWhereThereIsOne) {  // R20
  BePrimary();
  Assign0(Record(1, "n", {"c"}, {"j"}, 1));

  EXPECT_EQ(PlayAll(), "");
  const auto orders = Sent<SnapshotOrder>();
  ASSERT_THAT(orders, SizeIs(1));
  EXPECT_EQ(orders[0].joiner, "j");
  EXPECT_EQ(orders[0].joins, 1U);
  EXPECT_LE(orders[0].base, held_["c"]);
}

TEST_F(JoinerTest, ThePrimaryTakesItWhenThatBackupIsLost) {  // R20
  BePrimary();
  Assign0(Record(1, "n", {"c"}, {"j"}, 1));
  Do(PeerLost{"c", "reset"});
  Wait(1s);

  EXPECT_EQ(PlayAll(), "in Snapshot; ");
  EXPECT_THAT(Sent<Invitation>(), SizeIs(1));
}

// Its node lives, and was out of reach for a while; what nobody asks it, it
// does not answer.
TEST_F(JoinerTest,
       ASuspectThatIsToJoinIsAskedAfterUntilItAnswers) {  // R20, R21
  Assign0(Record(1, "n", {"j"}));
  PlayAll();
  Do(PeerLost{"j", "silent", PeerLost::Shows::kSilence});
  orders_.clear();
  Assign0(Record(1, "n", {}, {"j"}, 1));
  for (int i = 0; i < 10; ++i) {
    Wait(1s);
    EXPECT_THAT(Those<ProbePeer>(std::exchange(orders_, {})), SizeIs(1)) << i;
    Do(PeerProbed{"j", PeerProbed::Verdict::kSilent});
  }
  EXPECT_EQ(PlayAll(), "");
  EXPECT_THAT(Sent<Invitation>(), IsEmpty());

  Do(PeerProbed{"j", PeerProbed::Verdict::kAlive});
  Wait(1s);
  EXPECT_EQ(PlayAll(), "in Snapshot; ");
  EXPECT_THAT(Sent<Invitation>(), SizeIs(1));
}

TEST_F(JoinerTest, WhoDoesNotAnswerAnInvitationIsInvitedAgain) {  // R20
  Assign0(Record(1, "n", {}, {"j"}, 1));
  PlayAll();
  ASSERT_THAT(Sent<Invitation>(), SizeIs(1));
  Wait(5s);
  PlayAll();
  EXPECT_THAT(Sent<Invitation>(), SizeIs(1));  // It may be a large one.
  Wait(6s);
  PlayAll();
  const auto invitations = Sent<Invitation>();
  ASSERT_THAT(invitations, SizeIs(2));
  EXPECT_LT(invitations[0].join, invitations[1].join);
}

// A node without memory for the snapshot hangs up each time.
TEST_F(JoinerTest, WhoHangsUpUnderItsSnapshotIsInvitedMoreAndMoreRarely) {
  Assign0(Record(1, "n", {}, {"j"}, 1));
  for (int i = 0; i < 600; ++i) {
    PlayAll();
    Do(PeerFound{"j"});
    Do(PeerLost{"j", "reset"});
    Wait(100ms);
  }
  EXPECT_THAT(Sent<Invitation>(),
              SizeIs(testing::AllOf(testing::Ge(5U), testing::Le(20U))));
}

TEST_F(JoinerTest, WhoFallsTooFarBehindBeginsAgain) {  // R20
  options_.limits.log_bytes_max = 100;
  Begin();
  Assign0(Record(1, "n", {}, {"j"}, 1));
  PlayAll();
  const auto bytes = [&] {
    return core_->replicas().begin()->second->log()->bytes();
  };
  for (int i = 0; i < 10; ++i) {
    Change(90);
    EXPECT_LE(bytes(), 100U);
    PlayAll();
  }
  Wait(40s);
  PlayAll();
  EXPECT_GE(Sent<Invitation>().size(), 2U);
}

TEST_F(JoinerTest, TheNextTurnWaitsForWhatBackupsHaveNot) {  // R15
  options_.limits.backlog_bytes_max = 1000;
  Begin();
  BePrimary();
  Change(2000);
  Arrive(2, MetaMessage{++nudges_, nudges_, "all", "nudge"});
  EXPECT_THAT(turns_, IsEmpty());

  AckAll({"c"});
  EXPECT_THAT(turns_, SizeIs(1));
}

TEST_F(JoinerTest, ABackupSendsACopyOfWhatItHasApplied) {  // R20
  BeBackup(20);
  Replica("p", SnapshotOrder{1, 7, 3, 1, "j"});

  EXPECT_THAT(Sent<Invitation>(), IsEmpty());
  EXPECT_EQ(PlayAll(), "in Update; in Snapshot; ");
  const auto invitations = Sent<Invitation>();
  ASSERT_THAT(invitations, SizeIs(1));
  EXPECT_EQ(invitations[0].join, 7U);
  EXPECT_EQ(invitations[0].joins, 3U);
  EXPECT_EQ(invitations[0].applied, 2U);
}

TEST_F(JoinerTest, ABackupSendsNoCopyBeforeItHasEnough) {  // R20
  BeBackup(20);
  Replica("p", SnapshotOrder{1, 7, 3, 3, "j"});
  EXPECT_EQ(PlayAll(), "in Update; ");

  Replica("p",
          LogAppend{
              1, 0, 0, 3, 2, {Rec(3, 1, 1, HearMeta{1, 1, 1, "all", "a", 1})}});
  EXPECT_EQ(PlayAll(), "in Snapshot; ");
  ASSERT_THAT(Sent<Invitation>(), SizeIs(1));
  EXPECT_EQ(Sent<Invitation>()[0].applied, 3U);
}

TEST_F(JoinerTest, TheNextTurnWaitsForWhatABackupHasNotApplied) {  // R15
  options_.limits.backlog_bytes_max = 1000;
  Begin();
  BePrimary();
  Replica("c", LogAck{1, 0, held_["c"], 1, 1001});
  Arrive(2, MetaMessage{++nudges_, nudges_, "all", "nudge"});
  EXPECT_THAT(turns_, IsEmpty());

  Wait(1s);  // It is asked again.
  EXPECT_THAT(Sent<LogAppend>(), SizeIs(1));
  Replica("c", LogAck{1, 0, held_["c"], 1, 1000});
  EXPECT_THAT(turns_, SizeIs(1));
}

TEST_F(JoinerTest, ABackupSaysHowMuchItHasToApply) {  // R15
  options_.limits.backlog_bytes_max = 10;
  Begin();
  BeBackup(20);
  ASSERT_THAT(Sent<LogAck>(), SizeIs(1));
  EXPECT_EQ(Sent<LogAck>()[0].backlog, 20U);

  PlayAll();
  ASSERT_THAT(Sent<LogAck>(), SizeIs(2));
  EXPECT_EQ(Sent<LogAck>()[1].held, 2U);
  EXPECT_EQ(Sent<LogAck>()[1].backlog, 0U);
}

// It counted on the copy, and may not have heard that it was not wanted.
TEST_F(JoinerTest, ACopyThatIsThrownAwayIsToldOf) {  // R20
  BeBackup(1);
  PlayAll();
  Assign0(Record(1, "p", {}));

  EXPECT_THAT(Sent<ReplicaGone>(), SizeIs(1));
}

TEST_F(JoinerTest, APrimaryGivesItsStateToCompare) {
  options_.backups.check_every = 2;
  Begin();
  Assign0(Record(1, "n", {"c"}));
  EXPECT_EQ(PlayAll(), "in Init; in EnterEpoch; in Snapshot; ");

  AckAll({"c"});
  EXPECT_EQ(held_["c"], 3U);
}

TEST_F(JoinerTest, ABackupThatDiffersEndsTheJobByName) {
  BeBackup(20);
  Replica("p",
          LogAppend{1, 0, 0, 3, 2, {Rec(3, 1, 1, CompareState{"turn 2", {}})}});
  EXPECT_EQ(Play(), "in Update");
  TurnEffects found;
  found.difference = "byte 3";
  Play(std::move(found));

  const auto end = TheOnly<ProposeEnd>(orders_);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->end.status.code, 1);
  EXPECT_THAT(end->end.status.message,
              AllOf(HasSubstr("task 0"), HasSubstr("node n"),
                    HasSubstr("after turn 2: byte 3")));
}

TEST_F(JoinerTest, ADifferenceThatIsFoundAfterAPromotionCountsToo) {
  BeBackup(20);
  Replica("p",
          LogAppend{1, 0, 0, 3, 2, {Rec(3, 1, 1, CompareState{"turn 2", {}})}});
  Do(NodeLeft{"p"});
  Assign0(Record(2, "n", {}));
  EXPECT_EQ(Play(), "in Update");
  TurnEffects found;
  found.difference = "byte 3";
  Play(std::move(found));

  EXPECT_TRUE(TheOnly<ProposeEnd>(orders_));
}

// Of one sender, on two pipes: the meta waited when the snapshot was taken.
TEST_F(JoinerTest, APromotedJoinerHearsAnAnswerAfterTheMetaBeforeIt) {  // R22
  BePromotedJoiner(Record(2, "n", {}));
  EXPECT_EQ(PlayAll(), "in BecamePrimary; ");

  Arrive(1, MetaMessage{1, 1, "all", "before"});
  EXPECT_EQ(PlayAll(),
            "hearing a meta of task 1 on link type 'all'; taking Get from task "
            "1; ");
}

TEST_F(JoinerTest, DamagedBooksAreRefusedBeforeTheyAreRead) {  // R20
  Directory directory(4);
  TaskBooks books(0, directory);
  books.Enter(1, links_->Neighbors(0, 1).value());
  Sealed damaged = Seal(books.Copy({}));
  ++damaged.seal;
  Assign0(Record(1, "p", {}, {"n"}, 1));
  Replica("p", Invitation{1, 1, 1, 0, damaged, Seal({})});
  EXPECT_EQ(PlayAll(), "");
  EXPECT_THAT(Sent<ReplicaGone>(), SizeIs(1));
}

}  // namespace
}  // namespace taskgraph::core
