// SPDX-License-Identifier: Apache-2.0
#include "transport/reactor.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "transport/reactor_backend.h"

namespace taskgraph::transport {
namespace {

constexpr Duration kForEver = Duration::max();

// With busy polling of so long, or none.
class ReactorTest : public testing::TestWithParam<Duration> {};
INSTANTIATE_TEST_SUITE_P(Sleeping, ReactorTest,
                         testing::Values(Duration::zero()));
INSTANTIATE_TEST_SUITE_P(BusyPolling, ReactorTest,
                         testing::Values(std::chrono::microseconds(100)));

TEST_P(ReactorTest, PostedWorkRunsInOrderInAPoll) {
  Reactor reactor(GetParam());
  std::vector<int> ran;
  for (int i = 0; i < 5; ++i) reactor.Post([&ran, i] { ran.push_back(i); });
  EXPECT_TRUE(ran.empty());
  while (ran.size() < 5) reactor.Poll(kForEver);
  EXPECT_EQ(ran, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST_P(ReactorTest, APollWithoutWaitingReturns) {
  Reactor reactor(GetParam());
  reactor.Poll(Duration::zero());
}

TEST_P(ReactorTest, AWakeBeforeThePollIsNotLost) {
  Reactor reactor(GetParam());
  reactor.Wake();
  reactor.Wake();
  reactor.Poll(kForEver);
  reactor.Wake();
  reactor.Poll(kForEver);
}

TEST_P(ReactorTest, AWakeFromAnotherThreadEndsThePoll) {
  Reactor reactor(GetParam());
  std::thread other([&] { reactor.Wake(); });
  reactor.Poll(kForEver);
  other.join();
}

// Of whatever order long and short waits come in, each ends.
TEST_P(ReactorTest, AWaitEndsByItself) {
  using std::chrono::milliseconds;
  Reactor reactor(GetParam());
  reactor.Wake();
  reactor.Poll(kForEver);  // Leaves an alarm of far ahead behind.
  for (const int wait : {3, 1, 2, 1, 3}) reactor.Poll(milliseconds(wait));
  reactor.Poll(milliseconds(1));
}

// The loop changes hands; what one thread leaves unfinished the next one runs.
TEST_P(ReactorTest, AnyThreadMayPollAfterAnother) {
  Reactor reactor(GetParam());
  int ran = 0;
  for (int i = 0; i < 20; ++i) {
    // Work that posts more work, from inside a Poll.
    reactor.Post([&] { reactor.Post([&ran] { ++ran; }); });
  }
  while (ran < 20) {
    std::thread holder([&] { reactor.Poll(kForEver); });
    holder.join();
  }
}

// A chore of several rounds, such as writing what is large.
class LongChore final : public Chore,
                        public std::enable_shared_from_this<LongChore> {
 public:
  LongChore(Reactor& reactor, int left) : reactor_(reactor), left_(left) {}
  void Run() override {
    if (--left_ > 0) reactor_.backend().BeforePoll(shared_from_this());
  }
  int left() const { return left_; }

 private:
  Reactor& reactor_;
  int left_;
};

TEST_P(ReactorTest, NoPollWaitsWhileAChoreGoesOn) {
  Reactor reactor(GetParam());
  const auto chore = std::make_shared<LongChore>(reactor, 4);
  reactor.backend().BeforePoll(chore);
  for (int left = 3; left > 0; --left) {
    reactor.Poll(kForEver);
    EXPECT_EQ(chore->left(), left);
  }
  reactor.Poll(Duration::zero());
  EXPECT_EQ(chore->left(), 0);
}

// Posted work may be what the caller of Poll waits for.
TEST_P(ReactorTest, NoPollWaitsAfterPostedWork) {
  Reactor reactor(GetParam());
  reactor.Poll(Duration::zero());
  bool ran = false;
  reactor.Post([&] { ran = true; });
  reactor.Poll(kForEver);
  EXPECT_TRUE(ran);
}

// --- Timers ---

TEST_P(ReactorTest, TimersRingInTheirOrderEachOnce) {
  Reactor reactor(GetParam());
  std::string rang;
  Timer late(reactor.backend());  // Set first.
  Timer early(reactor.backend());
  Timer never(reactor.backend());
  const auto now = Reactor::Backend::Now();
  late.Set(now + std::chrono::milliseconds(4), [&] { rang += 'l'; });
  early.Set(now + std::chrono::milliseconds(1), [&] { rang += 'e'; });
  never.Set(now + std::chrono::milliseconds(1), [&] { rang += 'n'; });
  never.Stop();
  while (rang.size() < 2) reactor.Poll(kForEver);
  reactor.Poll(Duration::zero());
  EXPECT_EQ(rang, "el");
}

TEST_P(ReactorTest, ATimerMayBeSetFromWhatItCalls) {
  Reactor reactor(GetParam());
  int rang = 0;
  Timer timer(reactor.backend());
  const std::function<void()> ring = [&] {
    if (++rang < 3) timer.Set(Reactor::Backend::Now(), ring);
  };
  timer.Set({}, ring);  // Long past.
  while (rang < 3) reactor.Poll(kForEver);
}

// --- Watches ---

class Counter {
 public:
  Counter() : descriptor_(::eventfd(0, EFD_NONBLOCK)) {}
  ~Counter() { ::close(descriptor_); }
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

  void Add() const { ASSERT_EQ(::eventfd_write(descriptor_, 1), 0); }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

class Told final : public Watch {
 public:
  explicit Told(std::function<void()> then) : then_(std::move(then)) {}
  void Ready(std::uint32_t) override { then_(); }

 private:
  std::function<void()> then_;
};

TEST_P(ReactorTest, AWatchIsToldOnceOfEachEdge) {
  Reactor reactor(GetParam());
  const Counter counter;
  int told = 0;
  auto watch = std::make_unique<Told>([&] { ++told; });
  counter.Add();  // Before.
  ASSERT_EQ(reactor.backend().Begin(counter.descriptor(), EPOLLIN, *watch), 0);
  for (int edge = 1; edge <= 3; ++edge) {
    while (told < edge) reactor.Poll(kForEver);
    reactor.Poll(Duration::zero());
    EXPECT_EQ(told, edge);  // It is still readable.
    counter.Add();
  }
  reactor.backend().End(counter.descriptor(), std::move(watch));
  reactor.Poll(Duration::zero());
  EXPECT_EQ(told, 3);  // Nothing of what came before the end.
}

TEST_P(ReactorTest, WatchesTakeTurns) {
  Reactor reactor(GetParam());
  const Counter greedy_counter;
  const Counter modest_counter;
  std::string told;
  std::unique_ptr<Told> greedy;
  greedy = std::make_unique<Told>([&] {
    told += 'g';
    reactor.backend().TellLater(EPOLLIN, *greedy);
  });
  auto modest = std::make_unique<Told>([&] { told += 'm'; });
  auto& backend = reactor.backend();
  ASSERT_EQ(backend.Begin(greedy_counter.descriptor(), EPOLLIN, *greedy), 0);
  ASSERT_EQ(backend.Begin(modest_counter.descriptor(), EPOLLIN, *modest), 0);
  greedy_counter.Add();
  while (told.size() < 3) reactor.Poll(kForEver);  // It does not wait.
  EXPECT_EQ(told, "ggg");
  modest_counter.Add();
  while (told.back() != 'm') reactor.Poll(kForEver);
  EXPECT_LE(told.size(), 5);
  backend.End(greedy_counter.descriptor(), std::move(greedy));
  backend.End(modest_counter.descriptor(), std::move(modest));
  const std::string before = told;
  reactor.Poll(Duration::zero());
  EXPECT_EQ(told, before);
}

// Two are due; the first one ends the second, and itself.
TEST_P(ReactorTest, AWatchMayEndAnyOther) {
  Reactor reactor(GetParam());
  auto& backend = reactor.backend();
  const Counter counters[2];
  std::unique_ptr<Told> watches[2];
  int told = 0;
  for (auto& watch : watches) {
    watch = std::make_unique<Told>([&] {
      ++told;
      for (int i = 0; i < 2; ++i) {
        backend.End(counters[i].descriptor(), std::move(watches[i]));
      }
    });
  }
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(backend.Begin(counters[i].descriptor(), EPOLLIN, *watches[i]), 0);
    counters[i].Add();
  }
  while (told == 0) reactor.Poll(kForEver);
  reactor.Poll(Duration::zero());
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace taskgraph::transport
