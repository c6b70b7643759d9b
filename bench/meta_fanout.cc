// SPDX-License-Identifier: Apache-2.0
//
// How long a meta takes from FlagMeta until the last of 1, 16 or 256 neighbors
// in another process hears it, beside as many messages of 16 bytes over a bare
// socket of the same kind, until the last one is read: one system call for each
// message, or one for all.
//
// Tasks are spread evenly over two nodes, so with 0 in one, every other task is
// in the other: the odd ones are its neighbors, and the even ones idle. The
// last neighbor to hear tells when, and the next meta follows.
//
//   meta_fanout [--quick]
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "bare_sockets.h"
#include "measure.h"
#include "processes.h"
#include "taskgraph/taskgraph.h"

namespace {

using namespace taskgraph;
using namespace taskgraph::bench;

constexpr char kListeners[] = "listeners";
constexpr char kFlagger[] = "flagger";
constexpr char kText[] = "sixteen bytes :)";
constexpr TaskId kHub = 0;

inline constexpr Method<Empty, int> kGetProcess{"GetProcess"};

// Every listener is in one process: the last one there tells the hub.
class Listener final : public Task {
 public:
  Listener() {
    Serve(kGetProcess, [](Turn& turn, Token<int> token, const Empty&) {
      turn.Answer(token, ::getpid());
    });
  }
  void MetaReady(Turn& turn, TaskId, const LinkType&,
                 const std::string&) override {
    static std::atomic<TaskId> heard{0};
    const std::int64_t now = NowNs();
    if (++heard % (turn.tasks() / 2) != 0) return;
    turn.FlagMeta(kFlagger, std::to_string(now));
  }
};

class Hub final : public Task {
 public:
  Hub() {
    OnData(kGetProcess, [this](Turn& turn, TaskId, const int& pid) {
      if (pid == ::getpid()) {
        turn.FinishJob({1, "the tasks are not placed as this needs them"});
      } else if (++found_ == turn.Neighbors(kListeners).size()) {
        start_ns_ = NowNs();
        Flag(turn);
      }
    });
  }
  void EnterEpoch(Turn& turn) override {
    trips_ = std::stoul(turn.config("trips"));
    for (const TaskId listener : turn.Neighbors(kListeners)) {
      turn.Request(listener, kGetProcess, Empty());
    }
  }
  void MetaReady(Turn& turn, TaskId, const LinkType&,
                 const std::string& heard_ns) override {
    const std::int64_t took_ns = std::stoll(heard_ns) - flagged_ns_;
    run_.times_us.push_back(static_cast<double>(took_ns) / 1e3);
    if (run_.times_us.size() < trips_) return Flag(turn);
    run_.elapsed_us = static_cast<double>(NowNs() - start_ns_) / 1e3;
    run_.Save(turn.config("report"));
    turn.FinishJob();
  }

 private:
  void Flag(Turn& turn) {
    flagged_ns_ = NowNs();
    turn.FlagMeta(kListeners, kText);
  }

  std::size_t found_ = 0, trips_ = 0;
  std::int64_t start_ns_ = 0, flagged_ns_ = 0;
  Run run_;
};

class Idle final : public Task {};

Job FanOutJob() {
  Job job("fanout", /*tasks=*/2);
  job.Link(kListeners, [](TaskId task, Epoch, TaskId tasks) {
    TaskList odd;
    for (TaskId id = 1; task == kHub && id < tasks; id += 2) odd.push_back(id);
    return odd;
  });
  job.Link(kFlagger, [](TaskId task, Epoch) {
    return task % 2 == 1 ? TaskList{kHub} : TaskList{};
  });
  job.Config("trips", "1000", "how many metas, one after the other");
  job.Config("report", "fanout.run", "where to write the times");
  job.Build([](TaskId id) -> std::unique_ptr<Task> {
    if (id == kHub) return std::make_unique<Hub>();
    if (id % 2 == 1) return std::make_unique<Listener>();
    return std::make_unique<Idle>();
  });
  return job;
}

Run Ours(int fan_out, int trips) {
  const Folder folder;
  RunJob({"--nodes=2", "--tasks=" + std::to_string(2 * fan_out),
          Setting("trips", trips), Setting("report", folder / "report")});
  return Run::Load(folder / "report");
}

void Compare(int fan_out, const Plan& plan) {
  const int trips = plan.Count(2000, 200);
  const auto bare = [&](MessagesBy calls) {
    return BareFanOut(Socket::kUnix, {trips, fan_out, calls});
  };
  Contender ours, each, all;
  for (int turn = 0; turn < plan.Count(5, 2); ++turn) {
    ours.Add(Ours(fan_out, trips));
    each.Add(bare(MessagesBy::kOneCallEach));
    all.Add(bare(MessagesBy::kOneCallForAll));
  }
  Figure("meta_fanout",
         "a meta to " + std::to_string(fan_out) + " tasks of another process")
      .Times("ours", ours)
      .Times("bare", each)
      .Times("bare_one_call", all)
      .With("p50_to_bare", P50Ratio(ours, each))
      .With("p50_to_bare_one_call", P50Ratio(ours, all))
      .With("p50_us_per_task", ours.Quantile(0.5) / fan_out)
      .Print();
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = PlayBareServer(argc, argv)) return *code;
  if (const auto code = PlayRole(FanOutJob(), argc, argv)) return *code;
  const Plan plan = ReadPlan(argc, argv);
  for (const int fan_out : {1, 16, 256}) Compare(fan_out, plan);
}
