// SPDX-License-Identifier: Apache-2.0
#include "coordination/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

namespace taskgraph::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using Relation = Compare::Relation;
using Target = Compare::Target;

Txn Do(std::vector<Op> ops) { return Txn{{}, std::move(ops), {}}; }

TxnReply Committed(Store& store, const Txn& txn) {
  Outcome<TxnReply> outcome = store.Commit(txn);
  if (const auto* refusal = std::get_if<Refusal>(&outcome)) {
    ADD_FAILURE() << EtcdText(*refusal);
    return {};
  }
  return std::get<TxnReply>(std::move(outcome));
}

Revision PutKey(Store& store, const std::string& key,
                const std::string& value = "", LeaseId lease = 0) {
  return Committed(store, Do({Put{key, value, lease}})).revision;
}

template <typename T>
Refusal Refused(const Outcome<T>& outcome) {
  EXPECT_TRUE(std::holds_alternative<Refusal>(outcome));
  return std::get<Refusal>(outcome);
}

ReadReply ReadAll(Store& store, Revision revision = 0) {
  return std::get<ReadReply>(
      store.Range(Read{KeyRange::All(), /*limit=*/0, revision}));
}

std::vector<std::string> Keys(const ReadReply& reply) {
  std::vector<std::string> keys;
  for (const KeyValue& found : reply.found) keys.push_back(found.key);
  return keys;
}

std::vector<RevisionChanges> ChangesFrom(
    const Store& store, Revision from,
    const KeyRange& range = KeyRange::All()) {
  return std::get<std::vector<RevisionChanges>>(store.Changes(range, from));
}

std::vector<Revision> Revisions(const Store& store, Revision from) {
  std::vector<Revision> revisions;
  const std::vector<RevisionChanges> all = ChangesFrom(store, from);
  for (const auto& changes : all) revisions.push_back(changes.revision);
  return revisions;
}

TEST(StoreTest, AnEmptyStoreIsAtRevisionOneAndATransactionTakesOneMore) {
  Store store;
  EXPECT_EQ(store.revision(), 1);

  EXPECT_EQ(Committed(store, Do({Put{"a", "1"}, Put{"b", "2"}})).revision, 2);
  EXPECT_EQ(ReadAll(store).found[0], (KeyValue{"a", "1", 2, 2, 1, 0}));
  EXPECT_EQ(ReadAll(store).found[1], (KeyValue{"b", "2", 2, 2, 1, 0}));

  EXPECT_EQ(PutKey(store, "a", "3"), 3);
  EXPECT_EQ(ReadAll(store).found[0], (KeyValue{"a", "3", 2, 3, 2, 0}));
}

TEST(StoreTest, ATransactionThatChangesNothingTakesNoRevision) {
  Store store;
  PutKey(store, "a");

  const TxnReply reply = Committed(
      store, Do({Delete{KeyRange::One("x")}, Read{KeyRange::One("a")}}));

  EXPECT_EQ(reply.revision, 2);
  EXPECT_EQ(std::get<DeleteReply>(reply.replies[0]).deleted, 0);
  EXPECT_EQ(std::get<ReadReply>(reply.replies[1]).count, 1);
}

TEST(StoreTest, AReadSeesWhatTheSameTransactionWroteBefore) {
  Store store;

  const TxnReply reply = Committed(
      store,
      Do({Read{KeyRange::One("a")}, Put{"a", "1"}, Read{KeyRange::One("a")}}));

  EXPECT_EQ(std::get<ReadReply>(reply.replies[0]).count, 0);
  EXPECT_EQ(std::get<ReadReply>(reply.replies[2]).found[0].value, "1");
}

TEST(StoreTest, ADeletedKeyBeginsAnew) {
  Store store;
  PutKey(store, "a");
  PutKey(store, "a");
  EXPECT_EQ(Committed(store, Do({Delete{KeyRange::One("a")}})).revision, 4);
  EXPECT_THAT(Keys(ReadAll(store)), IsEmpty());

  PutKey(store, "a", "new");

  EXPECT_EQ(ReadAll(store).found[0], (KeyValue{"a", "new", 5, 5, 1, 0}));
}

TEST(StoreTest, AllComparesMustHold) {
  Store store;
  PutKey(store, "a", "1");
  Txn txn;
  txn.compares = {Compare::ValueIs("a", "1"), Compare::Absent("b")};
  txn.then = {Put{"b", "then"}};
  txn.otherwise = {Put{"b", "otherwise"}};

  EXPECT_TRUE(Committed(store, txn).succeeded);
  EXPECT_FALSE(Committed(store, txn).succeeded);
  EXPECT_EQ(ReadAll(store).found[1].value, "otherwise");
}

bool Succeeds(Store& store, Compare compare) {
  return Committed(store, Txn{{std::move(compare)}, {}, {}}).succeeded;
}

TEST(StoreTest, NumbersAreComparedInEveryRelation) {
  Store store;
  PutKey(store, "other");
  PutKey(store, "a");
  PutKey(store, "a");  // version 2, created at 3, changed at 4.
  const std::vector<std::pair<Target, std::int64_t>> truths = {
      {Target::kVersion, 2},
      {Target::kCreateRevision, 3},
      {Target::kModRevision, 4}};
  for (const auto& [target, truth] : truths) {
    for (std::int64_t wanted : {truth - 1, truth, truth + 1}) {
      const auto holds = [&, field = target](Relation relation) {
        return Succeeds(store, Compare{"a", field, relation, wanted, ""});
      };
      EXPECT_EQ(holds(Relation::kEqual), truth == wanted);
      EXPECT_EQ(holds(Relation::kNotEqual), truth != wanted);
      EXPECT_EQ(holds(Relation::kGreater), truth > wanted);
      EXPECT_EQ(holds(Relation::kLess), truth < wanted);
    }
  }
}

TEST(StoreTest, ValuesAreComparedInEveryRelation) {
  Store store;
  PutKey(store, "a", "m");
  for (const std::string wanted : {"l", "m", "n"}) {
    const auto holds = [&](Relation relation) {
      return Succeeds(store, Compare{"a", Target::kValue, relation, 0, wanted});
    };
    EXPECT_EQ(holds(Relation::kEqual), "m" == wanted);
    EXPECT_EQ(holds(Relation::kNotEqual), "m" != wanted);
    EXPECT_EQ(holds(Relation::kGreater), "m" > wanted);
    EXPECT_EQ(holds(Relation::kLess), "m" < wanted);
  }
}

TEST(StoreTest, AMissingKeyCountsAsZeroAndHasNoValueAtAll) {
  Store store;
  EXPECT_TRUE(Succeeds(store, Compare::Absent("a")));
  EXPECT_TRUE(Succeeds(store, Compare::ModRevisionIs("a", 0)));
  EXPECT_FALSE(Succeeds(store, Compare::ValueIs("a", "")));
  EXPECT_FALSE(
      Succeeds(store, {"a", Target::kValue, Relation::kNotEqual, 0, "x"}));
}

TEST(StoreTest, RangesPrefixesAndLimitsComeInTheOrderOfKeys) {
  Store store;
  for (const char* key : {"b", "a/2", "a", "a/1", "a0"}) PutKey(store, key);
  const auto keys = [&](KeyRange range, std::int64_t limit = 0) {
    return Keys(std::get<ReadReply>(store.Range(Read{range, limit, 0})));
  };
  EXPECT_THAT(keys(KeyRange::Prefix("a/")), ElementsAre("a/1", "a/2"));
  EXPECT_THAT(keys({"a/2", "b"}), ElementsAre("a/2", "a0"));
  EXPECT_THAT(keys({"a0", std::string(1, '\0')}), ElementsAre("a0", "b"));
  EXPECT_THAT(keys(KeyRange::Prefix("")).size(), 5);
  EXPECT_THAT(keys(KeyRange::Prefix("a"), 2), ElementsAre("a", "a/1"));
  EXPECT_EQ(
      std::get<ReadReply>(store.Range(Read{KeyRange::Prefix("a"), 2, 0})).count,
      4);
}

TEST(StoreTest, APrefixOfHighBytesEndsWithItsLastByteThatCanGrow) {
  EXPECT_EQ(KeyRange::Prefix("a\xff").end, "b");
  EXPECT_TRUE(KeyRange::Prefix("\xff").is_open_ended());
}

TEST(StoreTest, OlderRevisionsCanBeReadUntilTheyAreCompacted) {
  Store store;
  PutKey(store, "a", "1");
  PutKey(store, "a", "2");
  Committed(store, Do({Delete{KeyRange::One("a")}}));
  EXPECT_EQ(ReadAll(store, 2).found[0].value, "1");
  EXPECT_EQ(ReadAll(store, 3).found[0].value, "2");
  EXPECT_EQ(ReadAll(store, 4).count, 0);
  EXPECT_EQ(Refused(store.Range(Read{KeyRange::All(), 0, 5})),
            Refusal::kFutureRevision);

  store.Compact(3);

  EXPECT_EQ(Refused(store.Range(Read{KeyRange::All(), 0, 2})),
            Refusal::kCompacted);
  EXPECT_EQ(ReadAll(store, 3).found[0].value, "2");
  EXPECT_EQ(Refused(store.Compact(3)), Refusal::kCompacted);
  EXPECT_EQ(Refused(store.Compact(5)), Refusal::kFutureRevision);
}

TEST(StoreTest, CompactionForgetsOldVersionsAndDeletedKeysOnly) {
  Store store;
  PutKey(store, "gone", std::string(1000, 'x'));
  PutKey(store, "kept", std::string(1000, 'x'));
  PutKey(store, "kept", "short");
  PutKey(store, "untouched", "value");
  Committed(store, Do({Delete{KeyRange::One("gone")}}));

  store.Compact(store.revision());

  EXPECT_THAT(Keys(ReadAll(store)), ElementsAre("kept", "untouched"));
  EXPECT_LT(store.history().bytes(), 500);
}

TEST(StoreTest, ChangesAreReadFromARevisionOnOneEntryARevision) {
  Store store;
  PutKey(store, "a");
  Committed(store, Do({Put{"a", "1"}, Put{"b", "1"}}));
  PutKey(store, "c");
  EXPECT_THAT(Revisions(store, 3), ElementsAre(3, 4));
  EXPECT_THAT(Revisions(store, 5), IsEmpty());

  const auto changes = ChangesFrom(store, 3, {"a", "c"});

  ASSERT_EQ(changes.size(), 1);
  ASSERT_EQ(changes[0].changes.size(), 2);
  EXPECT_EQ(changes[0].changes[1].current, (KeyValue{"b", "1", 3, 3, 1, 0}));
}

TEST(StoreTest, ChangesBelowACompactionAreRefusedButNotThoseAtIt) {
  Store store;
  PutKey(store, "a");
  Committed(store, Do({Delete{KeyRange::One("a")}}));
  PutKey(store, "b");
  store.Compact(3);
  EXPECT_EQ(Refused(store.Changes(KeyRange::All(), 2)), Refusal::kCompacted);

  const auto changes =
      std::get<std::vector<RevisionChanges>>(store.Changes(KeyRange::All(), 3));

  ASSERT_EQ(changes.size(), 2);
  EXPECT_EQ(changes[0].changes[0].kind, Change::Kind::kDelete);
}

TEST(StoreTest, WhatEtcdRefusesIsRefusedAndChangesNothing) {
  Store store;
  PutKey(store, "a", "1");
  EXPECT_EQ(Refused(store.Commit(Do({Put{"b", ""}, Put{"b", ""}}))),
            Refusal::kDuplicateKey);
  EXPECT_EQ(
      Refused(store.Commit(Do({Put{"b", ""}, Delete{KeyRange::Prefix("b")}}))),
      Refusal::kDuplicateKey);
  EXPECT_EQ(Refused(store.Commit(Do({Put{"", ""}}))), Refusal::kEmptyKey);
  EXPECT_EQ(Refused(store.Commit(Do({Put{"b", "", /*lease=*/7}}))),
            Refusal::kLeaseNotFound);
  EXPECT_EQ(
      Refused(store.Commit(Do({Put{"b", ""}, Read{KeyRange::One("a"), 0, 9}}))),
      Refusal::kFutureRevision);
  EXPECT_EQ(Refused(store.Commit(Do({Put{"b", std::string(2 << 20, 'x')}}))),
            Refusal::kTooLarge);
  EXPECT_EQ(store.revision(), 2);
}

TEST(StoreTest, ATransactionHasAtMost128Operations) {
  Store store;
  std::vector<Op> ops;
  for (int i = 0; i < 128; ++i) ops.push_back(Put{std::to_string(i), ""});
  Committed(store, Do(ops));

  ops.push_back(Put{"one more", ""});

  EXPECT_EQ(Refused(store.Commit(Do(ops))), Refusal::kTooManyOperations);
}

TEST(StoreTest, ALeaseThatExpiresTakesItsKeysAtOneRevision) {
  Store store;
  const auto lease =
      std::get<GrantedLease>(store.Grant(0, seconds(2), Time(0)));
  PutKey(store, "a", "", lease.lease);
  PutKey(store, "b", "", lease.lease);
  PutKey(store, "c");
  EXPECT_EQ(store.NextDeadline(), Time(seconds(2)));
  EXPECT_THAT(store.Expire(milliseconds(1999)), IsEmpty());

  EXPECT_THAT(store.Expire(seconds(2)), ElementsAre(lease.lease));

  EXPECT_THAT(Keys(ReadAll(store)), ElementsAre("c"));
  EXPECT_THAT(Revisions(store, 5), ElementsAre(5));
  EXPECT_EQ(store.NextDeadline(), std::nullopt);
}

TEST(StoreTest, AKeepAliveWindsALeaseUp) {
  Store store;
  const auto lease =
      std::get<GrantedLease>(store.Grant(0, seconds(2), Time(0)));

  EXPECT_EQ(std::get<seconds>(store.KeepAlive(lease.lease, seconds(1))),
            seconds(2));

  EXPECT_THAT(store.Expire(seconds(2)), IsEmpty());
  EXPECT_EQ(store.TimeToLive(lease.lease, seconds(2))->remaining, seconds(1));
  EXPECT_THAT(store.Expire(seconds(3)), ElementsAre(lease.lease));
  EXPECT_EQ(Refused(store.KeepAlive(lease.lease, seconds(3))),
            Refusal::kLeaseNotFound);
}

TEST(StoreTest, AKeyHangsOnTheLeaseOfItsLastPut) {
  Store store;
  store.Grant(1, seconds(2), Time(0));
  store.Grant(2, seconds(5), Time(0));
  PutKey(store, "moved", "", 1);
  PutKey(store, "moved", "", 2);
  PutKey(store, "freed", "", 1);
  PutKey(store, "freed", "", 0);
  EXPECT_THAT(store.TimeToLive(2, Time(0))->keys, ElementsAre("moved"));

  store.Revoke(1);

  EXPECT_THAT(Keys(ReadAll(store)), ElementsAre("freed", "moved"));
  EXPECT_EQ(store.revision(), 5);  // Nothing hung on it: no revision.
}

TEST(StoreTest, LeasesHaveLimitsAndDistinctIds) {
  Store store;
  EXPECT_EQ(
      std::get<GrantedLease>(store.Grant(0, seconds(0), Time(0))).time_to_live,
      seconds(1));
  EXPECT_EQ(Refused(store.Grant(1, seconds(5), Time(0))),
            Refusal::kLeaseExists);
  EXPECT_EQ(Refused(store.Grant(0, seconds(9'000'000'001), Time(0))),
            Refusal::kLeaseTooLong);
  EXPECT_EQ(Refused(store.Revoke(99)), Refusal::kLeaseNotFound);
  EXPECT_FALSE(store.TimeToLive(99, Time(0)));
  EXPECT_THAT(store.Leases(), ElementsAre(1));
}

TEST(StoreTest, AStalledHostWindsAllLeasesUp) {
  Store store;
  store.Grant(1, seconds(2), Time(0));

  store.RenewAll(seconds(60));

  EXPECT_THAT(store.Expire(seconds(60)), IsEmpty());
  EXPECT_EQ(store.NextDeadline(), Time(seconds(62)));
}

TEST(StoreTest, AtItsBoundItTakesNothingMoreUntilSomethingIsDeleted) {
  StoreOptions options;
  options.bytes_max = 3000;
  Store store(options);
  const std::string large(1000, 'x');
  PutKey(store, "a", large);
  PutKey(store, "b", large);

  EXPECT_EQ(Refused(store.Commit(Do({Put{"d", "1"}, Put{"c", large}}))),
            Refusal::kNoSpace);
  EXPECT_THAT(Keys(ReadAll(store)), ElementsAre("a", "b"));

  Committed(store, Do({Delete{KeyRange::One("a")}}));
  store.Compact(store.revision());
  PutKey(store, "c", large);
  EXPECT_THAT(Keys(ReadAll(store)), ElementsAre("b", "c"));
}

TEST(StoreTest, ManyTinyKeysCountForWhatTheyTake) {
  StoreOptions options;
  options.bytes_max = 10'000;
  Store store(options);

  int taken = 0;
  while (std::holds_alternative<TxnReply>(
      store.Commit(Do({Put{"k" + std::to_string(taken), ""}})))) {
    ASSERT_LT(++taken, 100);
  }
}

TEST(StoreTest, ItGrantsSoManyLeasesAndNoMoreUntilOneEnds) {
  StoreOptions options;
  options.leases_max = 2;
  Store store(options);
  store.Grant(1, seconds(5), {});
  store.Grant(2, seconds(5), {});

  EXPECT_EQ(Refused(store.Grant(3, seconds(5), {})), Refusal::kTooManyLeases);
  EXPECT_THAT(std::string(EtcdText(Refusal::kTooManyLeases)),
              testing::HasSubstr("leases_max"));

  store.Revoke(1);
  EXPECT_TRUE(
      std::holds_alternative<GrantedLease>(store.Grant(3, seconds(5), {})));
}

}  // namespace
}  // namespace taskgraph::coordination
