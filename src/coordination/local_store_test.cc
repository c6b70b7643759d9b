// SPDX-License-Identifier: Apache-2.0
#include "coordination/local_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "coordination/local_coordinator.h"

namespace taskgraph::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

std::string Word(const WatchNotice& notice) {
  if (const auto* started = std::get_if<WatchStarted>(&notice)) {
    return "started at " + std::to_string(started->revision);
  }
  if (const auto* advanced = std::get_if<WatchAdvanced>(&notice)) {
    return "changed at " + std::to_string(advanced->changes.revision);
  }
  return "compacted at " +
         std::to_string(std::get<WatchCompacted>(notice).compacted);
}

class LocalStoreTest : public testing::Test {
 protected:
  void Put(const std::string& key, LeaseId lease = 0) {
    store_.Commit(Txn{{}, {coordination::Put{key, "", lease}}, {}});
  }

  WatchId Watch(Revision from) {
    const WatchId id = store_.NewWatchId();
    store_.watches().Add(
        id, WatchRequest{KeyRange::All(), from},
        [this](const WatchNotice& n) { heard_.push_back(Word(n)); });
    return id;
  }

  LocalStore store_{LocalStoreOptions{{}, /*history_revisions_max=*/5}};
  std::vector<std::string> heard_;
};

TEST_F(LocalStoreTest, AWatcherHearsThePastItAskedForAndThenThePresent) {
  Put("a");
  Put("b");

  Watch(/*from=*/3);
  Put("c");

  EXPECT_THAT(heard_,
              ElementsAre("started at 3", "changed at 3", "changed at 4"));
}

TEST_F(LocalStoreTest, AWatcherOfTheFutureHearsNothingBefore) {
  Watch(/*from=*/4);
  Put("a");
  Put("b");
  EXPECT_THAT(heard_, ElementsAre("started at 1"));

  Put("c");

  EXPECT_THAT(heard_, ElementsAre("started at 1", "changed at 4"));
}

TEST_F(LocalStoreTest, AWatcherOfForgottenHistoryIsToldSo) {
  for (int i = 0; i < 12; ++i) Put("a");  // Twice as long as is kept.
  EXPECT_GT(store_.store().history().compacted(), 2);

  Watch(/*from=*/2);
  Put("b");

  EXPECT_THAT(heard_, ElementsAre("started at 13",
                                  testing::StartsWith("compacted at ")));
}

TEST_F(LocalStoreTest, ARemovedWatcherHearsNoMore) {
  const WatchId id = Watch(0);
  store_.watches().Remove(id);

  Put("a");

  EXPECT_THAT(heard_, ElementsAre("started at 1"));
}

TEST_F(LocalStoreTest, LeasesOfThePresentLastAndThoseOfTheGoneEnd) {
  std::vector<Event> events;
  LocalCoordinator present(store_, [](Event) {});
  {
    LocalCoordinator gone(store_, [&](Event e) { events.push_back(e); });
    gone.GrantLease(1, seconds(2));
    Put("gone", std::get<LeaseGranted>(events[0]).lease);
  }
  present.GrantLease(2, seconds(2));

  store_.Advance(milliseconds(1500));
  EXPECT_EQ(store_.store().Leases().size(), 2);
  store_.Advance(milliseconds(3000));

  EXPECT_EQ(store_.store().Leases().size(), 1);
  EXPECT_EQ(store_.store().history().Find("gone"), nullptr);
  EXPECT_EQ(store_.NextDeadline(), Time(seconds(5)));
}

TEST_F(LocalStoreTest, AfterAStallNoLeaseEnds) {
  store_.Grant(1, seconds(2));

  store_.AdvanceAfterStall(seconds(10));

  EXPECT_THAT(store_.store().Leases(), ElementsAre(1));
  store_.Advance(seconds(12));
  EXPECT_THAT(store_.store().Leases(), IsEmpty());
}

TEST(FullLocalStoreTest, OldVersionsAreGivenUpBeforeAnythingIsRefused) {
  LocalStoreOptions options;
  options.store.bytes_max = 3000;
  LocalStore store(options);
  const auto put = [&](const std::string& key, std::size_t bytes) {
    return store.Commit(Txn{{}, {Put{key, std::string(bytes, 'x')}}, {}});
  };

  for (int round = 0; round < 100; ++round) {
    ASSERT_TRUE(std::holds_alternative<TxnReply>(put("clock", 1000)));
  }

  const auto refused = put("more", 2000);
  ASSERT_TRUE(std::holds_alternative<Refusal>(refused));
  EXPECT_EQ(std::get<Refusal>(refused), Refusal::kNoSpace);
}

}  // namespace
}  // namespace taskgraph::coordination
