// SPDX-License-Identifier: Apache-2.0
#include "transport/reactor.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "transport/reactor_backend.h"

namespace taskgraph::transport {
namespace {

constexpr Duration kForEver = Duration::max();

TEST(ReactorTest, PostedWorkRunsInOrderInAPoll) {
  Reactor reactor;
  std::vector<int> ran;
  for (int i = 0; i < 5; ++i) reactor.Post([&ran, i] { ran.push_back(i); });
  EXPECT_TRUE(ran.empty());
  while (ran.size() < 5) reactor.Poll(kForEver);
  EXPECT_EQ(ran, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(ReactorTest, APollWithoutWaitingReturns) {
  Reactor reactor;
  reactor.Poll(Duration::zero());
}

TEST(ReactorTest, AWakeBeforeThePollIsNotLost) {
  Reactor reactor;
  reactor.Wake();
  reactor.Wake();
  reactor.Poll(kForEver);
  reactor.Wake();
  reactor.Poll(kForEver);
}

TEST(ReactorTest, AWakeFromAnotherThreadEndsThePoll) {
  Reactor reactor;
  std::thread other([&] { reactor.Wake(); });
  reactor.Poll(kForEver);
  other.join();
}

// Of whatever order long and short waits come in, each ends.
TEST(ReactorTest, AWaitEndsByItself) {
  using std::chrono::milliseconds;
  Reactor reactor;
  reactor.Wake();
  reactor.Poll(kForEver);  // Leaves an alarm of far ahead behind.
  for (const int wait : {3, 1, 2, 1, 3}) reactor.Poll(milliseconds(wait));
  reactor.Poll(milliseconds(1));
}

// The loop changes hands; what one thread leaves unfinished the next one runs.
TEST(ReactorTest, AnyThreadMayPollAfterAnother) {
  Reactor reactor;
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

TEST(ReactorTest, NoPollWaitsWhileAChoreGoesOn) {
  Reactor reactor;
  const auto chore = std::make_shared<LongChore>(reactor, 4);
  reactor.backend().BeforePoll(chore);
  for (int left = 3; left > 0; --left) {
    reactor.Poll(kForEver);
    EXPECT_EQ(chore->left(), left);
  }
  reactor.Poll(Duration::zero());
  EXPECT_EQ(chore->left(), 0);
}

}  // namespace
}  // namespace taskgraph::transport
