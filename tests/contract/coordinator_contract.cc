// SPDX-License-Identifier: Apache-2.0
#include "contract/coordinator_contract.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

namespace taskgraph::coordination {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using Relation = Compare::Relation;
using Target = Compare::Target;

std::string At(Revision revision, const std::string& what) {
  return std::to_string(revision) + ": " + what;
}

}  // namespace

// Not every implementation can be interrupted, or overtaken meanwhile.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(InterruptedCoordinatorContract);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OvertakenCoordinatorContract);

void CoordinatorContract::SetUp() {
  if (!GetParam().is_available()) {
    GTEST_SKIP() << GetParam().name << " is not installed on this machine";
  }
  world_ = GetParam().make();
}

// --- Transactions ---

TEST_P(CoordinatorContract, ATransactionTakesOneRevisionForAllItsChanges) {
  Client client(world());
  const Revision before = client.Put("t/z", "0");

  const TxnReply reply = client.Commit(
      Txn{{},
          {Put{"t/a", "1"}, Put{"t/b", "2"}, Delete{KeyRange::One("t/z")},
           Read{KeyRange::Prefix("t/")}},
          {}});

  EXPECT_TRUE(reply.succeeded);
  EXPECT_EQ(reply.revision, before + 1);
  EXPECT_EQ(std::get<DeleteReply>(reply.replies[2]).deleted, 1);
  const Revision at = reply.revision;
  EXPECT_THAT(std::get<ReadReply>(reply.replies[3]).found,
              ElementsAre(KeyValue{"t/a", "1", at, at, 1, 0},
                          KeyValue{"t/b", "2", at, at, 1, 0}));
}

TEST_P(CoordinatorContract, ComparesOfNumbersHoldAsTheirRelationSays) {
  Client client(world());
  const Revision created = client.Put("c", "x");
  const Revision changed = client.Put("c", "y");
  const std::vector<std::pair<Target, std::int64_t>> truths = {
      {Target::kVersion, 2},
      {Target::kCreateRevision, created},
      {Target::kModRevision, changed}};
  for (const auto& [compared, truth] : truths) {
    const Target target = compared;
    for (std::int64_t wanted : {truth - 1, truth, truth + 1}) {
      const auto holds = [&](Relation relation) {
        const Compare compare{"c", target, relation, wanted, ""};
        return client.Commit(Txn{{compare}, {}, {}}).succeeded;
      };
      EXPECT_EQ(holds(Relation::kEqual), truth == wanted);
      EXPECT_EQ(holds(Relation::kNotEqual), truth != wanted);
      EXPECT_EQ(holds(Relation::kGreater), truth > wanted);
      EXPECT_EQ(holds(Relation::kLess), truth < wanted);
    }
  }
}

TEST_P(CoordinatorContract, ComparesOfValuesHoldAsTheirRelationSays) {
  Client client(world());
  client.Put("c", "m");
  for (const std::string wanted : {"l", "m", "n"}) {
    const auto holds = [&](Relation relation) {
      const Compare compare{"c", Target::kValue, relation, 0, wanted};
      return client.Commit(Txn{{compare}, {}, {}}).succeeded;
    };
    EXPECT_EQ(holds(Relation::kEqual), "m" == wanted);
    EXPECT_EQ(holds(Relation::kNotEqual), "m" != wanted);
    EXPECT_EQ(holds(Relation::kGreater), "m" > wanted);
    EXPECT_EQ(holds(Relation::kLess), "m" < wanted);
  }
}

TEST_P(CoordinatorContract, AMissingKeyCountsAsZeroAndHasNoValue) {
  Client client(world());
  const auto holds = [&](const Compare& compare) {
    return client.Commit(Txn{{compare}, {}, {}}).succeeded;
  };
  EXPECT_TRUE(holds(Compare::Absent("nowhere")));
  EXPECT_TRUE(holds(Compare::ModRevisionIs("nowhere", 0)));
  EXPECT_FALSE(holds(Compare::ValueIs("nowhere", "")));
  EXPECT_FALSE(holds({"nowhere", Target::kValue, Relation::kNotEqual, 0, "x"}));
}

TEST_P(CoordinatorContract, OfTwoThatCompareAndSwapOneWins) {
  Client one(world());
  Client two(world());
  const Revision seen = one.Put("k", "0");
  const auto swap = [&](const std::string& value) {
    return Txn{{Compare::ModRevisionIs("k", seen)},
               {Put{"k", value}},
               {Read{KeyRange::One("k")}}};
  };
  const Tag tag_one = one.NewTag();
  const Tag tag_two = two.NewTag();
  one.coordinator().Commit(tag_one, swap("one"));
  two.coordinator().Commit(tag_two, swap("two"));

  const auto reply_one = std::get<TxnDecided>(one.Answer(tag_one)).reply;
  const auto reply_two = std::get<TxnDecided>(two.Answer(tag_two)).reply;

  EXPECT_NE(reply_one.succeeded, reply_two.succeeded);
  const TxnReply& loser = reply_one.succeeded ? reply_two : reply_one;
  EXPECT_EQ(std::get<ReadReply>(loser.replies[0]).found[0].value,
            reply_one.succeeded ? "one" : "two");
}

TEST_P(CoordinatorContract, WhatCanNeverSucceedFailsForGoodWithEtcdsText) {
  Client client(world());
  const auto failure = [&](std::vector<Op> ops) {
    const Tag tag = client.NewTag();
    client.coordinator().Commit(tag, Txn{{}, std::move(ops), {}});
    const auto failed = std::get<CallFailed>(client.Answer(tag));
    EXPECT_FALSE(failed.retry);
    return failed.reason;
  };
  EXPECT_EQ(failure({Put{"a", ""}, Put{"a", ""}}),
            "etcdserver: duplicate key given in txn request");
  EXPECT_EQ(failure({Put{"a", ""}, Delete{KeyRange::Prefix("a")}}),
            "etcdserver: duplicate key given in txn request");
  EXPECT_EQ(failure({Put{"", ""}}), "etcdserver: key is not provided");
  EXPECT_EQ(failure({Put{"a", "", 12345}}),
            "etcdserver: requested lease not found");
  EXPECT_EQ(failure({Read{KeyRange::One("a"), 0, 1'000'000}}),
            "etcdserver: mvcc: required revision is a future revision");
  EXPECT_EQ(failure(std::vector<Op>(129, Read{KeyRange::One("a")})),
            "etcdserver: too many operations in txn request");
  EXPECT_FALSE(client.Exists("a"));
}

TEST_P(CoordinatorContract, ReadsHaveRangesLimitsAndPastRevisions) {
  Client client(world());
  client.Put("r/b", "1");
  const Revision past = client.Put("r/a", "1");
  client.Put("r/a", "2");
  client.Put("s", "");

  EXPECT_EQ(client.Read(KeyRange::Prefix("r/"), past).found[0].value, "1");
  EXPECT_EQ(client.Read(KeyRange::Prefix("r/")).found[0].value, "2");
  const TxnReply limited =
      client.Commit(Txn{{}, {Read{KeyRange::Prefix("r/"), 1, 0}}, {}});
  const auto& read = std::get<ReadReply>(limited.replies[0]);
  EXPECT_EQ(read.found.size(), 1);
  EXPECT_EQ(read.count, 2);
}

// --- Watches ---

TEST_P(CoordinatorContract, AWatchListsAndThenTellsEveryChangeOnce) {
  Client writer(world());
  Client watcher(world());
  const Revision at = writer.Put("w/a", "1");
  writer.Put("other", "");

  const Tag watch = watcher.Watch(KeyRange::Prefix("w/"));
  ASSERT_TRUE(watcher.AwaitChange(watch, "w/a=1"));
  writer.Put("w/b", "2");
  writer.Put("other", "");
  writer.Delete("w/a");

  ASSERT_TRUE(watcher.AwaitChange(watch, "-w/a"));
  EXPECT_THAT(watcher.Story(watch),
              ElementsAre("list " + At(at + 1, "w/a=1"), At(at + 2, "w/b=2"),
                          At(at + 4, "-w/a")));
}

TEST_P(CoordinatorContract, BetweenAListingAndItsChangesNothingIsLost) {
  Client writer(world());
  Client watcher(world());
  const Tag watch = watcher.Watch(KeyRange::Prefix("g/"));
  for (int i = 0; i < 50; ++i) writer.Put("g/" + std::to_string(i), "x");

  ASSERT_TRUE(watcher.AwaitChange(watch, "g/49=x"));

  std::string told;
  for (const std::string& sentence : watcher.Story(watch)) told += sentence;
  for (int i = 0; i < 50; ++i) {
    const std::string key = " g/" + std::to_string(i) + "=x";
    const auto first = told.find(key);
    EXPECT_NE(first, std::string::npos) << key;
    EXPECT_EQ(told.find(key, first + 1), std::string::npos) << key;
  }
}

TEST_P(CoordinatorContract, AWatchFromARevisionTellsThePastWithoutListing) {
  Client client(world());
  client.Put("w", "0");
  const Revision from = client.Put("w", "1");
  client.Put("w", "2");

  const Tag watch = client.Watch(KeyRange::One("w"), from);
  ASSERT_TRUE(client.AwaitChange(watch, "w=2"));
  client.Put("w", "3");

  ASSERT_TRUE(client.AwaitChange(watch, "w=3"));
  EXPECT_THAT(
      client.Story(watch),
      ElementsAre(At(from, "w=1"), At(from + 1, "w=2"), At(from + 2, "w=3")));
}

TEST_P(CoordinatorContract, ChangesOfOneRevisionComeInOneEvent) {
  Client writer(world());
  Client watcher(world());
  writer.Put("m/z", "0");
  const Tag watch = watcher.Watch(KeyRange::Prefix("m/"));
  ASSERT_TRUE(watcher.AwaitChange(watch, "m/z=0"));

  const TxnReply reply = writer.Commit(
      Txn{{},
          {Put{"m/a", "1"}, Put{"m/b", "2"}, Delete{KeyRange::One("m/z")}},
          {}});

  ASSERT_TRUE(watcher.AwaitChange(watch, "-m/z"));
  EXPECT_EQ(watcher.Story(watch).back(),
            At(reply.revision, "m/a=1 m/b=2 -m/z"));
}

TEST_P(CoordinatorContract, ALongPastComesWholeThoughItIsLarge) {
  Client client(world());
  // More than fits one message of etcd's, which cuts it into fragments.
  const std::string large(1 << 20, 'x');
  const Revision from = client.Put("w", large);
  for (int i = 0; i < 3; ++i) client.Put("w", large);
  client.Put("w", "end");

  const Tag watch = client.Watch(KeyRange::One("w"), from);

  ASSERT_TRUE(client.AwaitChange(watch, "w=end"));
  ASSERT_EQ(client.Story(watch).size(), 5);
  for (Revision i = 0; i < 4; ++i) {
    EXPECT_EQ(client.Story(watch)[static_cast<std::size_t>(i)],
              At(from + i, "w=" + large));
  }
}

TEST_P(CoordinatorContract, AfterACompactionAWatchFromThePastListsAgain) {
  Client client(world());
  const Revision from = client.Put("w", "1");
  client.Put("w", "2");
  const Revision now = client.Put("w", "3");
  world().Compact(now);

  const Tag watch = client.Watch(KeyRange::One("w"), from);
  ASSERT_TRUE(client.AwaitChange(watch, "w=3"));
  client.Put("w", "4");

  ASSERT_TRUE(client.AwaitChange(watch, "w=4"));
  EXPECT_THAT(client.Story(watch),
              ElementsAre("list " + At(now, "w=3"), At(now + 1, "w=4")));
}

TEST_P(CoordinatorContract, AfterUnwatchNothingIsToldAnyMore) {
  Client client(world());
  const Tag first = client.Watch(KeyRange::Prefix("u/"));
  client.Put("u/a", "1");
  ASSERT_TRUE(client.AwaitChange(first, "u/a=1"));
  client.coordinator().Unwatch(first);
  const auto told = client.Story(first);
  const Tag second = client.Watch(KeyRange::Prefix("u/"));

  client.Put("u/b", "2");

  ASSERT_TRUE(client.AwaitChange(second, "u/b=2"));
  EXPECT_EQ(client.Story(first), told);
}

TEST_P(CoordinatorContract, AClientMayGoWithEverythingOpen) {
  Client client(world());
  client.Watch(KeyRange::Prefix("x/"));
  client.coordinator().GrantLease(client.NewTag(), seconds(2));
  client.coordinator().Commit(client.NewTag(), Txn{{}, {Put{"x/a", ""}}, {}});

  client.Leave();

  const std::size_t told = client.recorder().events().size();
  Client other(world());
  other.Put("x/b", "");
  EXPECT_EQ(client.recorder().events().size(), told);
}

// --- Leases ---

TEST_P(CoordinatorContract, AnAbandonedLeaseEndsAndTakesItsKeysAtOneRevision) {
  Client owner(world());
  Client watcher(world());
  const LeaseGranted lease = owner.Grant(seconds(1));
  EXPECT_GE(lease.time_to_live, seconds(1));
  owner.Put("l/a", "1", lease.lease);
  owner.Put("l/b", "2", lease.lease);
  const Tag watch = watcher.Watch(KeyRange::Prefix("l/"));
  ASSERT_TRUE(watcher.AwaitChange(watch, "l/a=1"));

  owner.coordinator().AbandonLease(lease.lease);

  ASSERT_TRUE(watcher.AwaitChange(watch, "-l/a"));
  EXPECT_THAT(watcher.Story(watch).back(), testing::EndsWith(": -l/a -l/b"));
}

TEST_P(CoordinatorContract, TheLeaseOfAClientThatIsGoneEnds) {
  Client owner(world());
  Client watcher(world());
  owner.Put("l", "1", owner.Grant(seconds(1)).lease);
  const Tag watch = watcher.Watch(KeyRange::One("l"));

  owner.Leave();

  ASSERT_TRUE(watcher.AwaitChange(watch, "-l"));
}

TEST_P(CoordinatorContract, AKeptLeaseOutlivesItsTime) {
  Client owner(world());
  Client other(world());
  const LeaseGranted kept = owner.Grant(seconds(1));
  owner.Put("kept", "", kept.lease);
  // Measures the time: granted later, for no less, and not kept.
  const LeaseGranted left = other.Grant(kept.time_to_live * 2);
  other.Put("left", "", left.lease);
  const Tag watch = other.Watch(KeyRange::One("left"));
  other.coordinator().AbandonLease(left.lease);

  ASSERT_TRUE(other.AwaitChange(watch, "-left"));

  EXPECT_TRUE(other.Exists("kept"));
}

TEST_P(CoordinatorContract, ARevokedLeaseTakesItsKeysAndItsOwnerIsTold) {
  Client owner(world());
  Client other(world());
  const LeaseGranted lease = owner.Grant(seconds(2));
  owner.Put("l", "1", lease.lease);

  const Tag tag = other.NewTag();
  other.coordinator().RevokeLease(tag, lease.lease);

  EXPECT_TRUE(std::holds_alternative<TxnDecided>(other.Answer(tag)));
  EXPECT_FALSE(other.Exists("l"));
  EXPECT_TRUE(owner.AwaitEvent<LeaseLost>());
}

TEST_P(CoordinatorContract, RevokingOnesOwnLeaseIsAnsweredAlsoTheSecondTime) {
  Client owner(world());
  const LeaseGranted lease = owner.Grant(seconds(2));
  for (int i = 0; i < 2; ++i) {
    const Tag tag = owner.NewTag();
    owner.coordinator().RevokeLease(tag, lease.lease);
    EXPECT_TRUE(std::holds_alternative<TxnDecided>(owner.Answer(tag)));
  }
  EXPECT_TRUE(owner.AwaitEvent<LeaseLost>());
}

// --- Interruptions ---

std::vector<std::string> AwayAndBack(Client& client) {
  std::vector<std::string> words;
  for (const Event& event : client.recorder().events()) {
    if (std::holds_alternative<CoordinatorAway>(event)) words.push_back("away");
    if (std::holds_alternative<CoordinatorBack>(event)) words.push_back("back");
  }
  return words;
}

TEST_P(InterruptedCoordinatorContract, AnInterruptedWatchGoesOnWhereItStopped) {
  Client watcher(world());
  Client insider(world(), Client::Place::kInside);
  const Tag watch = watcher.Watch(KeyRange::Prefix("i/"));
  ASSERT_TRUE(watcher.AwaitEvent<WatchListed>());
  const Revision at = watcher.Put("i/a", "1");
  ASSERT_TRUE(watcher.AwaitChange(watch, "i/a=1"));

  world().Interrupt();
  ASSERT_TRUE(watcher.AwaitEvent<CoordinatorAway>());
  if (insider) insider.Put("i/b", "2");
  world().Restore();
  ASSERT_TRUE(watcher.AwaitEvent<CoordinatorBack>());
  watcher.Put("i/c", "3");

  ASSERT_TRUE(watcher.AwaitChange(watch, "i/c=3"));
  std::string told;
  for (const std::string& sentence : watcher.Story(watch)) {
    if (!sentence.starts_with("list")) told += sentence + "; ";
  }
  EXPECT_EQ(told, insider ? At(at, "i/a=1; ") + At(at + 1, "i/b=2; ") +
                                At(at + 2, "i/c=3; ")
                          : At(at, "i/a=1; ") + At(at + 1, "i/c=3; "));
}

TEST_P(OvertakenCoordinatorContract,
       AWatchInterruptedOverACompactionListsAgain) {
  Client insider(world(), Client::Place::kInside);
  Client watcher(world());
  const Tag watch = watcher.Watch(KeyRange::Prefix("i/"));
  watcher.Put("i/a", "1");
  ASSERT_TRUE(watcher.AwaitChange(watch, "i/a=1"));

  world().Interrupt();
  ASSERT_TRUE(watcher.AwaitEvent<CoordinatorAway>());
  insider.Put("i/b", "2");
  insider.Delete("i/a");
  const Revision now = insider.Put("i/b", "3");
  world().Compact(now);
  world().Restore();

  ASSERT_TRUE(watcher.AwaitChange(watch, "i/b=3"));
  EXPECT_EQ(watcher.Story(watch).back(), "list " + At(now, "i/b=3"));
}

TEST_P(InterruptedCoordinatorContract, AwayAndBackAlternateAwayFirst) {
  Client client(world());
  client.Put("a", "");
  EXPECT_THAT(AwayAndBack(client), IsEmpty());
  for (std::size_t i = 1; i <= 2; ++i) {
    world().Interrupt();
    ASSERT_TRUE(client.AwaitEvent<CoordinatorAway>(i));
    world().Restore();
    ASSERT_TRUE(client.AwaitEvent<CoordinatorBack>(i));
  }
  client.Put("a", "");
  EXPECT_THAT(AwayAndBack(client), ElementsAre("away", "back", "away", "back"));
}

TEST_P(InterruptedCoordinatorContract,
       ACallThatNobodyAnswersFailsAndMayBeRetried) {
  Client client(world());
  world().Interrupt();
  ASSERT_TRUE(client.AwaitEvent<CoordinatorAway>());

  const Tag tag = client.NewTag();
  client.coordinator().Commit(tag, Txn{{}, {Put{"a", "1"}}, {}});

  EXPECT_TRUE(std::get<CallFailed>(client.Answer(tag)).retry);
  world().Restore();
  client.Put("a", "2");
}

TEST_P(InterruptedCoordinatorContract,
       ACallMadeWhileAwayIsAnsweredIfItIsBackInTime) {
  Client client(world());
  world().Interrupt();
  ASSERT_TRUE(client.AwaitEvent<CoordinatorAway>());
  const Tag watch = client.Watch(KeyRange::One("a"));

  world().Restore();

  client.Put("a", "1");
  EXPECT_TRUE(client.AwaitChange(watch, "a=1"));
}

TEST_P(InterruptedCoordinatorContract,
       ALeaseThatCannotBeExtendedIsLostByOnesOwnClock) {
  Client client(world());
  client.Grant(seconds(1));

  world().Interrupt();

  EXPECT_TRUE(client.AwaitEvent<LeaseLost>());
  EXPECT_THAT(AwayAndBack(client), ElementsAre("away"));
}

}  // namespace taskgraph::coordination
