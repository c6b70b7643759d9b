// SPDX-License-Identifier: Apache-2.0
//
// Backups and joiners when two things go wrong at a time (R12, R15, R19-R22).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/standby_testing.h"

namespace taskgraph::core {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class StandbyTroubleTest : public StandbyTesting {
 protected:
  // Answers what was sent to the joiner j, until nothing more is.
  void AckJoiner(const Invitation& invited) {
    RecordNumber held = invited.applied;
    const auto appends = Sent<LogAppend>();
    orders_.clear();
    for (const LogAppend& append : appends) {
      if (append.join != invited.join) continue;
      for (const TurnRecord& record : append.records) held = record.number;
      Replica("j", LogAck{append.term, append.join, held, append.stamp});
    }
  }
};

// A snapshot that throws, or is too large (TurnRecorder::CheckSize), must
// not cost the copy that it was to be taken of.
TEST_F(StandbyTroubleTest, ABackupThatCantTakeASnapshotRemainsACopy) {
  BeBackup(20);
  Replica("p", SnapshotOrder{1, 7, 3, 1, "j"});
  EXPECT_EQ(Play(), "in Update");
  TurnEffects failed;
  failed.failure = "a snapshot has 5 bytes, above limits.message_bytes_max";
  EXPECT_EQ(Play(failed), "in Snapshot");
  EXPECT_THAT(Sent<ReplicaGone>(), IsEmpty());
  EXPECT_FALSE(core_->backups().empty());
}

// Nor when it has been promoted meanwhile.
TEST_F(StandbyTroubleTest, APromotedBackupWhoseSnapshotThrewGoesOn) {
  BeBackup(20);
  Replica("p", SnapshotOrder{1, 7, 3, 1, "j"});
  EXPECT_EQ(Play(), "in Update");
  Do(NodeLeft{"p"});
  Assign0(Record(2, "n", {}));
  orders_.clear();
  TurnEffects failed;
  failed.failure = "too large";
  EXPECT_EQ(Play(failed), "in Snapshot");
  EXPECT_THAT(Those<ProposeAssignments>(orders_), IsEmpty())
      << "it gives the only copy up";
  EXPECT_EQ(PlayAll(), "in BecamePrimary; ");
}

// What was begun as a backup is not what the new primary ordered.
TEST_F(StandbyTroubleTest, ASnapshotOfBeforeThePromotionInvitesNobody) {
  BeBackup(20);
  Replica("p", SnapshotOrder{1, 7, 3, 1, "k"});
  EXPECT_EQ(Play(), "in Update");
  Do(NodeLeft{"p"});
  Assign0(Record(2, "n", {}, {"j"}, 4));
  EXPECT_EQ(Play(), "in Snapshot");
  EXPECT_THAT(Sent<Invitation>(), IsEmpty());
  EXPECT_EQ(PlayAll(), "in BecamePrimary; in Snapshot; ");
  EXPECT_THAT(Sent<Invitation>(), SizeIs(1));
}

// An answer that waits for metas at a promoted joiner is settled in its books.
TEST_F(StandbyTroubleTest, AnAnswerThatWaitsForMetasIsInTheNextSnapshotToo) {
  BePromotedJoiner(Record(2, "n", {}, {"j"}, 2));
  EXPECT_EQ(PlayAll(), "in BecamePrimary; in Snapshot; ");

  const auto invitations = Sent<Invitation>();
  ASSERT_THAT(invitations, SizeIs(1));
  TaskBooks joiner(0, core_->directory());
  FieldReader in(invitations[0].books.bytes.text());
  std::vector<Cause> unheard;
  ASSERT_TRUE(joiner.Read(in, *links_, unheard));
  // Either it is asked again, or the answer is there.
  EXPECT_TRUE(!unheard.empty() || joiner.requests.NextUnsent(1) != nullptr)
      << "request 1 will never be answered if j takes over";
}

// A node with a copy of one life is a backup of the next one.
TEST_F(StandbyTroubleTest, ACopyOfAnEarlierLifeSaysNothingAboutTheNext) {
  BeBackup(1);
  PlayAll();
  orders_.clear();
  Assignment next{3, 2, "q", {"n"}, 0, "", 3, {}, 0};
  Assign0(next);
  PlayAll();
  EXPECT_THAT(Sent<ReplicaGone>(), IsEmpty())
      << "q takes its new, in-sync backup for lost, and proposes to remove it";
}

// Nothing may overtake a large record; one that finds no room before it...
TEST_F(StandbyTroubleTest, AGapBeforeALargeRecordIsFilled) {
  BePrimary();
  Change(100);
  const auto small = Sent<LogAppend>();
  ASSERT_THAT(small, SizeIs(1));
  orders_.clear();
  Change(100 * 1024);
  const auto large = Sent<LogAppend>();
  ASSERT_THAT(large, SizeIs(1));
  orders_.clear();
  // c had no room for the first one (KeepUnknown, KeepEarlyForCopy).
  Replica("c", LogAck{1, 0, held_["c"], large[0].stamp});
  for (int i = 0; i < 600; ++i) Wait(100ms);
  EXPECT_THAT(Sent<LogAppend>(), testing::Not(IsEmpty()))
      << "nothing is ever sent again, nor is c ever removed: "
      << Those<ProposeAssignments>(orders_).size() << " proposals";
}

// The same for who was a backup a moment ago, by a watch that lists again.
TEST_F(StandbyTroubleTest, ALargeRecordOfAnEarlierStayHoldsNobodyUp) {
  Assign0(Record(1, "n", {"c", "j"}));
  PlayAll();
  AckAll({"c", "j"});
  orders_.clear();
  Change(100 * 1024);
  orders_.clear();
  Assign0(Record(1, "n", {"c"}, {"j"}, 1));  // Out, and chosen again.
  const auto orders = Sent<SnapshotOrder>();
  ASSERT_THAT(orders, SizeIs(1));
  orders_.clear();
  // c had applied all but the large record.
  Replica("j", LogAck{1, orders[0].join, orders[0].base, 0});
  for (int i = 0; i < 600; ++i) Wait(100ms);
  bool any = false;
  for (const LogAppend& append : Sent<LogAppend>()) {
    any = any || append.join == orders[0].join;
  }
  EXPECT_TRUE(any) << "the joiner waits for ever";
}

// The verdict on a change that a joiner was in.
TEST_F(StandbyTroubleTest, AJoinerThatRefusedWhileItWasProposedIsInvitedAgain) {
  Assign0(Record(1, "n", {}, {"j"}, 1));
  PlayAll();
  auto invited = Sent<Invitation>();
  ASSERT_THAT(invited, SizeIs(1));
  Replica("j", LogAck{1, invited[0].join, invited[0].applied, 0});
  AckJoiner(invited[0]);
  ASSERT_TRUE(TheOnly<ProposeAssignments>(orders_));
  Replica("j", ReplicaGone{1, invited[0].join});  // Update threw there.
  // The coordinator is away for a while.
  for (int i = 0; i < 100; ++i) {
    Wait(1s);
    PlayAll();
  }
  // The controller's change came first, so the proposal lost.
  Assign0(Record(1, "n", {}, {"j"}, 2));
  PlayAll();
  orders_.clear();
  Do(AssignmentsDecided{{0}});
  for (int i = 0; i < 600; ++i) {
    Wait(1s);
    PlayAll();
  }
  std::vector<NodeId> to;
  for (const auto& send : Those<SendMessage>(orders_)) {
    const auto* message = std::get_if<ReplicaMessage>(&send.message);
    if (message && std::holds_alternative<Invitation>(message->body)) {
      to.push_back(send.to);
    }
  }
  EXPECT_TRUE(IsIn("j", to)) << "j is never invited again";
}

// The backup that was to take the snapshot is no copy any more.
TEST_F(StandbyTroubleTest, AJoinerDoesNotWaitForACopyistThatIsGone) {
  BePrimary();
  Assign0(Record(1, "n", {"c"}, {"j"}, 1));
  ASSERT_THAT(Sent<SnapshotOrder>(), SizeIs(1));
  Replica("c", ReplicaGone{1});  // Update threw there.
  Assign0(Record(1, "n", {}, {"j"}, 1));
  Do(AssignmentsDecided{{0}});
  const Time since = now_;
  while (Sent<Invitation>().empty() && now_ - since < 1min) {
    Wait(100ms);
    PlayAll();
  }
  EXPECT_LT(now_ - since, 2s) << "the task has no backup all the while";
}

// Bad luck of long ago.
TEST_F(StandbyTroubleTest, WhoWasInSyncSinceIsInvitedAgainAtOnce) {
  Assign0(Record(1, "n", {}, {"j"}, 1));
  PlayAll();
  for (int i = 0; i < 14; ++i) {  // No room there, say.
    const auto last = Sent<Invitation>();
    ASSERT_THAT(last, SizeIs(1));
    orders_.clear();
    Replica("j", ReplicaGone{1, last[0].join});
    for (int k = 0; k < 400 && Sent<Invitation>().empty(); ++k) {
      Wait(100ms);
      PlayAll();
    }
  }
  const auto invited = Sent<Invitation>();
  ASSERT_THAT(invited, SizeIs(1));
  orders_.clear();
  Replica("j", LogAck{1, invited[0].join, invited[0].applied, 0});
  AckJoiner(invited[0]);
  Assign0(Record(1, "n", {"j"}, {}, 1));
  Do(AssignmentsDecided{{0}});
  Wait(24h);
  Assign0(Record(1, "n", {}, {}, 1));  // A drain, and a new choice.
  orders_.clear();
  Replica("j", ReplicaGone{1, invited[0].join});  // NodeCore::Review there.
  Assign0(Record(1, "n", {}, {"j"}, 2));
  const Time since = now_;
  while (Sent<Invitation>().empty() && now_ - since < 1min) {
    Wait(100ms);
    PlayAll();
  }
  EXPECT_LT(now_ - since, 2s);
}

// It says that it has the records, and then that it has no copy.
TEST_F(StandbyTroubleTest, ABrokenBackupAcknowledgesNothingMore) {
  options_.limits.backlog_bytes_max = 10;
  Begin();
  BeBackup(20);
  TurnEffects thrown;
  thrown.failure = "Update threw";
  orders_.clear();
  EXPECT_EQ(Play(thrown), "in Update");
  EXPECT_THAT(Sent<LogAck>(), IsEmpty());
  EXPECT_THAT(Sent<ReplicaGone>(), SizeIs(1));
}

// Who is given up is not who keeps the log long.
TEST_F(StandbyTroubleTest, AJoinerIsNotGivenUpForWhatABackupOwes) {
  options_.limits.log_bytes_max = 1000;
  Begin();
  BePrimary();
  Assign0(Record(1, "n", {"c"}, {"j"}, 1));
  const auto orders = Sent<SnapshotOrder>();
  ASSERT_THAT(orders, SizeIs(1));
  orders_.clear();
  Replica("j", LogAck{1, orders[0].join, orders[0].base, 0});
  Change(2000);
  const auto& log = *core_->replicas().begin()->second->log();
  EXPECT_GT(log.bytes(), 1000U);  // c has not acknowledged it.
  EXPECT_TRUE(log.copyists().contains("j"));
}

// Of a promoted backup that differs.
TEST_F(StandbyTroubleTest, APromotedBackupThatDiffersIsStillToldOfItsRole) {
  BeBackup(20);
  Replica("p",
          LogAppend{1, 0, 0, 3, 2, {Rec(3, 1, 1, CompareState{"turn 2", {}})}});
  Do(NodeLeft{"p"});
  Assign0(Record(2, "n", {}));
  EXPECT_EQ(Play(), "in Update");
  TurnEffects found;
  found.difference = "byte 3";
  Play(std::move(found));
  Arrive(2, MetaMessage{1, 1, "all", "nudge"});
  EXPECT_THAT(PlayAll(), testing::StartsWith("in BecamePrimary; "));
}

// Comparisons are not counted in what waits at a backup.
TEST_F(StandbyTroubleTest, StatesToCompareCountInTheBacklog) {
  options_.limits.backlog_bytes_max = 1000;
  Begin();
  BeBackup(20);
  orders_.clear();
  for (RecordNumber n = 3; n < 20; ++n) {
    Replica("p",
            LogAppend{1,
                      0,
                      0,
                      n,
                      n,
                      {Rec(n, 1, 1, CompareState{"turn", Bytes(100 * 1024)})}});
  }
  ASSERT_THAT(Sent<LogAck>(), SizeIs(17));
  EXPECT_GE(Sent<LogAck>().back().backlog, 17U * 100 * 1024);
}

// Whose copy is of the term before says so, and is invited twice.
TEST_F(StandbyTroubleTest, APromotionCostsAJoinerOneSnapshot) {
  BeBackup(1);
  PlayAll();
  Do(NodeLeft{"p"});
  Assign0(Record(2, "n", {}, {"j"}, 1));
  std::string plays = PlayAll();
  const auto first = Sent<Invitation>();
  ASSERT_THAT(first, SizeIs(1));
  Replica("j", ReplicaGone{2});  // Late, and of no stay of this term.
  Replica("j", LogAck{2, first[0].join, first[0].applied, 0});
  for (int i = 0; i < 20; ++i) {
    Wait(100ms);
    plays += PlayAll();
  }
  EXPECT_THAT(Sent<Invitation>(), SizeIs(1)) << plays;
}
// Its own half: it does not say so.
TEST_F(StandbyTroubleTest, AJoinerOfTheTermBeforeSaysNothingToTheNewPrimary) {
  Directory directory(4);
  TaskBooks primary(0, directory);
  primary.Enter(1, links_->Neighbors(0, 1).value());
  Assign0(Record(1, "p", {"c"}, {"n"}, 1));
  Replica("p", Invitation{1, 1, 1, 0, Seal(primary.Copy({})), Seal({})});
  PlayAll();
  orders_.clear();
  Assign0(Record(2, "c", {}, {"n"}, 1));
  EXPECT_THAT(Sent<ReplicaGone>(), IsEmpty());
}

// An answer of a new life waits for its own metas.
TEST_F(StandbyTroubleTest, AnAnswerOfANewLifeWaitsForTheMetasOfThatLife) {
  Assign0(Record(1, "n", {}));
  PlayAll();
  for (MetaNumber i = 1; i <= 3; ++i) {
    Arrive(From(1, MetaMessage{i, i, "all", "x"}));
    PlayAll();
  }
  Assign(1, 2, 2, "m");
  PlayAll();
  Arrive(2, MetaMessage{++nudges_, nudges_, "all", "nudge"});
  PlayDoing(MakeRequest{1, 1, "Get", "", {}});
  AnswerMessage answer{{0, 1, 1, 1}, std::nullopt, {}};
  answer.after = 2;  // Two metas of its new life come before it.
  Arrive(From(1, answer));
  EXPECT_EQ(PlayAll(), "");
}

}  // namespace
}  // namespace taskgraph::core
