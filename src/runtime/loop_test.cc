// SPDX-License-Identifier: Apache-2.0
#include "runtime/loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <queue>
#include <set>
#include <thread>
#include <vector>

namespace taskgraph::runtime {
namespace {

// No test waits longer; a latch that does not open by then fails it.
constexpr std::chrono::seconds kGuard{60};

class Latch {
 public:
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }
  [[nodiscard]] bool Wait() {
    std::unique_lock lock(mutex_);
    return opened_.wait_for(lock, kGuard, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
};

struct Work final : Callback {
  explicit Work(std::function<void()> work) : run(std::move(work)) {}
  std::function<void()> run;
};

// Runs given work; may be handed more from any thread, and ends on Stop.
class Client final : public LoopClient {
 public:
  void Add(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    ready_.push(std::make_unique<Work>(std::move(work)));
    came_.notify_all();
  }
  void Stop() {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    came_.notify_all();
  }
  int finished() const { return finished_; }
  int rounds_without_lookout() const { return rounds_without_lookout_; }

  Callback* Round(MayRun may_run) override {
    std::unique_lock lock(mutex_);
    if (may_run == MayRun::kNo) {
      ++rounds_without_lookout_;
      came_.wait_for(lock, kGuard, [this] { return late_ > 0 || stop_; });
      TakeLate();
      return nullptr;
    }
    came_.wait_for(lock, kGuard,
                   [this] { return !ready_.empty() || late_ > 0 || stop_; });
    TakeLate();
    if (ready_.empty()) return nullptr;
    running_.push_back(std::move(ready_.front()));
    ready_.pop();
    return running_.back().get();
  }
  bool done() const override {
    const std::lock_guard lock(mutex_);
    return stop_ && ready_.empty();
  }
  void Run(Callback& callback) override { static_cast<Work&>(callback).run(); }
  void Finish(Callback&) override {
    const std::lock_guard lock(mutex_);
    ++finished_;
  }
  void FinishLater(Callback&) override {
    const std::lock_guard lock(mutex_);
    ++late_;
    came_.notify_all();
  }

 private:
  void TakeLate() {
    finished_ += late_;
    late_ = 0;
  }

  mutable std::mutex mutex_;
  std::condition_variable came_;
  std::queue<std::unique_ptr<Work>> ready_;
  std::vector<std::unique_ptr<Work>> running_;
  int late_ = 0;
  int finished_ = 0;
  std::atomic<int> rounds_without_lookout_ = 0;
  bool stop_ = false;
};

TEST(LoopTest, ShortCallbacksRunOnTheThreadThatHoldsTheLoop) {
  Client client;
  std::set<std::thread::id> threads;
  for (int i = 0; i < 100; ++i) {
    client.Add([&] { threads.insert(std::this_thread::get_id()); });
  }
  client.Stop();

  Loop(client, 8).Run();

  EXPECT_EQ(client.finished(), 100);
  EXPECT_LE(threads.size(), 8U);
}

TEST(LoopTest, ASlowCallbackStallsNoOther) {
  Client client;
  Latch released;
  int quick = 0;
  client.Add([&] { EXPECT_TRUE(released.Wait()); });
  for (int i = 0; i < 10; ++i) client.Add([&] { ++quick; });
  client.Add([&] { released.Open(); });  // Only reached past the slow one.
  client.Stop();

  Loop(client, 8).Run();

  EXPECT_EQ(quick, 10);
}

TEST(LoopTest, ManySlowCallbacksRunAtTheSameTime) {
  Client client;
  constexpr int kSlow = 20;
  std::mutex mutex;
  std::condition_variable all_there;
  int there = 0;
  for (int i = 0; i < kSlow; ++i) {
    client.Add([&] {
      std::unique_lock lock(mutex);
      ++there;
      all_there.notify_all();
      EXPECT_TRUE(
          all_there.wait_for(lock, kGuard, [&] { return there == kSlow; }));
    });
  }
  client.Add([&] { client.Stop(); });

  Loop(client, kSlow + 2).Run();

  EXPECT_EQ(there, kSlow);
}

TEST(LoopTest, WithoutAThreadToTakeOverNoCallbackIsBegun) {
  Client client;
  Latch released;
  client.Add([&] { EXPECT_TRUE(released.Wait()); });
  int after = 0;
  client.Add([&] { ++after; });
  std::thread releasing([&] {
    while (client.rounds_without_lookout() == 0) std::this_thread::yield();
    EXPECT_EQ(after, 0);
    released.Open();
  });

  std::thread stopping([&] {
    releasing.join();
    client.Stop();
  });
  Loop(client, 2).Run();
  stopping.join();

  EXPECT_EQ(after, 1);
}

}  // namespace
}  // namespace taskgraph::runtime
