// SPDX-License-Identifier: Apache-2.0
//
// An application that does the same for ever: task 0 asks the others, so many
// times in each epoch, and ends the epoch when it has all answers. Tasks 1 and
// 2 count what they were asked, and have a backup each; task 3 has none.
#include <memory>
#include <string>

#include "resources/heap_meter.h"
#include "taskgraph/taskgraph.h"

namespace {

using taskgraph::Codec;
using taskgraph::Method;
using taskgraph::Payload;
using taskgraph::TaskId;
using taskgraph::Token;
using taskgraph::Turn;

constexpr TaskId kTasks = 4;
constexpr Method<std::uint64_t, std::uint64_t> kCount{"Count"};
constexpr Method<std::string, std::uint64_t> kWeigh{"Weigh"};

class Asker final : public taskgraph::Task {
 public:
  Asker() {
    OnData(kCount, &Asker::Counted);
    OnData(kWeigh, &Asker::Counted);
  }

  void Init(Turn& turn) override {
    requests_ = std::stoull(turn.config("requests"));
    window_ = std::stoull(turn.config("window"));
    bytes_ = std::stoull(turn.config("bytes"));
  }
  void EnterEpoch(Turn& turn) override {
    asked_ = answered_ = 0;
    turn.FlagMeta("others", "epoch " + std::to_string(turn.epoch()));
    if (bytes_ > 0) {
      ++asked_;
      turn.Request(3, kWeigh, std::string(bytes_, 'x'));
    }
    while (asked_ < requests_ && asked_ < window_) Ask(turn);
  }
  void Counted(Turn& turn, TaskId, const std::uint64_t&) {
    ++answered_;
    if (asked_ < requests_) Ask(turn);
    if (answered_ == requests_) turn.AdvanceEpoch();
  }

 private:
  void Ask(Turn& turn) {
    ++asked_;
    turn.Request(static_cast<TaskId>(1 + asked_ % (kTasks - 1)), kCount, 1);
  }

  std::uint64_t requests_ = 0;
  std::uint64_t window_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t asked_ = 0;
  std::uint64_t answered_ = 0;
};

class Counter final : public taskgraph::Task, public taskgraph::Backupable {
 public:
  Counter() {
    Serve(kCount, &Counter::Count);
    Serve(kWeigh, &Counter::Weigh);
  }

  void MetaReady(Turn&, TaskId, const taskgraph::LinkType&,
                 const std::string&) override {}
  void Count(Turn& turn, Token<std::uint64_t> token,
             const std::uint64_t& more) {
    turn.Update(more);
    turn.Answer(token, count_);
  }
  void Weigh(Turn& turn, Token<std::uint64_t> token, const std::string& load) {
    turn.Answer(token, load.size());
  }
  void Update(const Payload& more) override {
    count_ += *Codec<std::uint64_t>::Decode(more);
  }
  Payload Snapshot() override { return Codec<std::uint64_t>::Encode(count_); }
  void Restore(const Payload& snapshot) override {
    count_ = *Codec<std::uint64_t>::Decode(snapshot);
  }

 private:
  std::uint64_t count_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  taskgraph::test::StartHeapMeter();
  taskgraph::Job job("endless-app", kTasks);
  job.Link("others", taskgraph::Star());
  job.Build([](TaskId task) -> std::unique_ptr<taskgraph::Task> {
    if (task == 0) return std::make_unique<Asker>();
    return std::make_unique<Counter>();
  });
  job.Config("requests", "100", "of task 0, in each epoch");
  job.Config("window", "10", "of them, open at a time");
  job.Config("bytes", "0", "of a large request to task 3, in each epoch");
  job.Backups(1, 1);
  job.Backups(2, 1);
  return taskgraph::Main(job, argc, argv);
}
