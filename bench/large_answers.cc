// SPDX-License-Identifier: Apache-2.0
//
// What a small request waits while answers of 1 GiB come the same way: tasks 2
// and 3 exchange 16 bytes over and over; task 1, beside 3, pulls large answers
// from task 0, beside 2. So small and large answers share a connection.
//
// The longest small round trip is also a bound for what a heartbeat waits: both
// drive ahead of the pieces of a large body.
//
// What of it is the machine's is told by bare sockets: round trips of 16 bytes
// over one, while as many bytes come over another one that keeps as many
// processors busy.
//
//   large_answers [--quick]
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bare_sockets.h"
#include "measure.h"
#include "processes.h"
#include "taskgraph/taskgraph.h"

namespace {

using namespace taskgraph;
using namespace taskgraph::bench;

constexpr TaskId kLargeSource = 0, kLargeSink = 1, kEcho = 2, kAsker = 3;
constexpr std::uint64_t kSmallBytes = 16;
constexpr double kDelayMaxUs = 5000;

inline constexpr Method<Empty, int> kGetProcess{"GetProcess"};
inline constexpr Method<Payload, Payload> kGetEcho{"GetEcho"};
inline constexpr Method<Empty, Array<float>> kGetArray{"GetArray"};
inline constexpr Method<Empty, std::vector<float>> kGetVector{"GetVector"};

class LargeSource final : public Task {
 public:
  LargeSource() {
    Serve(kGetProcess, [](Turn& turn, Token<int> token, const Empty&) {
      turn.Answer(token, ::getpid());
    });
    Serve(kGetArray, [this](Turn& turn, Token<Array<float>> token,
                            const Empty&) { turn.Answer(token, array_); });
    Serve(kGetVector, [this](Turn& turn, Token<std::vector<float>> token,
                             const Empty&) { turn.Answer(token, Make(turn)); });
  }
  void Init(Turn& turn) override {
    if (turn.config("ask") == "array") array_ = Make(turn);
  }

 private:
  static std::vector<float> Make(const Turn& turn) {
    return std::vector<float>(std::stoul(turn.config("bytes")) / sizeof(float),
                              1.0F);
  }

  Array<float> array_;
};

// Pulls in every epoch after the first, and then begins the next one.
class LargeSink final : public Task {
 public:
  LargeSink() {
    Serve(kGetProcess, [](Turn& turn, Token<int> token, const Empty&) {
      turn.Answer(token, ::getpid());
    });
    OnData(kGetArray,
           [this](Turn& turn, TaskId, const Array<float>&) { Pulled(turn); });
    OnData(kGetVector, [this](Turn& turn, TaskId, const std::vector<float>&) {
      Pulled(turn);
    });
  }
  void EnterEpoch(Turn& turn) override {
    left_ = std::stoi(turn.config("pulls"));
    if (turn.epoch() == 2) Pull(turn);
  }

 private:
  static void Pull(Turn& turn) {
    if (turn.config("ask") == "array") {
      turn.Request(kLargeSource, kGetArray, Empty());
    } else {
      turn.Request(kLargeSource, kGetVector, Empty());
    }
  }
  void Pulled(Turn& turn) {
    if (--left_ > 0) return Pull(turn);
    turn.AdvanceEpoch();
  }

  int left_ = 0;
};

class Echo final : public Task {
 public:
  Echo() {
    Serve(kGetProcess, [](Turn& turn, Token<int> token, const Empty&) {
      turn.Answer(token, ::getpid());
    });
    Serve(kGetEcho, [](Turn& turn, Token<Payload> token, const Payload& bytes) {
      turn.Answer(token, bytes);
    });
  }
};

// Epoch 0: are all where they should be? Epoch 1: asks so often; epoch 2: while
// large answers come; epoch 3: ends the job.
class Asker final : public Task {
 public:
  Asker() {
    OnData(kGetProcess, [this](Turn& turn, TaskId from, const int& pid) {
      processes_[from] = pid;
      if (++located_ < kAsker) return;
      if (processes_[kLargeSource] != processes_[kEcho] ||
          processes_[kLargeSink] != ::getpid() ||
          processes_[kEcho] == ::getpid()) {
        turn.FinishJob({1, "the tasks are not placed as this needs them"});
      }
      turn.AdvanceEpoch();
    });
    OnData(kGetEcho, [this](Turn& turn, TaskId, const Payload&) {
      run_.times_us.push_back(static_cast<double>(NowNs() - asked_) / 1e3);
      if (turn.epoch() == 1 && run_.times_us.size() == trips_) {
        turn.AdvanceEpoch();
      } else {
        Ask(turn);
      }
    });
  }

  void EnterEpoch(Turn& turn) override {
    trips_ = std::stoul(turn.config("trips"));
    if (turn.epoch() == 0) {
      for (TaskId task : {kLargeSource, kLargeSink, kEcho}) {
        turn.Request(task, kGetProcess, Empty());
      }
      return;
    }
    if (turn.epoch() > 1) Save(turn.config("report"), turn.epoch() - 1);
    if (turn.epoch() > 2) return turn.FinishJob();
    started_ = NowNs();
    Ask(turn);
  }

 private:
  void Ask(Turn& turn) {
    asked_ = NowNs();
    turn.Request(kEcho, kGetEcho, Payload::Own(std::string(kSmallBytes, 'x')));
  }
  void Save(const std::string& report, Epoch epoch) {
    run_.elapsed_us = static_cast<double>(NowNs() - started_) / 1e3;
    run_.Save(report + std::to_string(epoch));
    run_ = {};
  }

  int processes_[kAsker] = {};
  TaskId located_ = 0;
  std::size_t trips_ = 0;
  std::int64_t started_ = 0, asked_ = 0;
  Run run_;
};

Job LargeAnswersJob() {
  Job job("large-answers", /*tasks=*/4);
  job.Link("all", FullMesh());
  job.Config("report", "large.run", "where to write times, plus the epoch");
  job.Config("ask", "array", "what to pull: array or vector");
  job.Config("bytes", "0", "size of a large answer");
  job.Config("pulls", "1", "large answers to pull");
  job.Config("trips", "1000", "small requests without large answers");
  job.Build([](TaskId id) -> std::unique_ptr<Task> {
    if (id == kLargeSource) return std::make_unique<LargeSource>();
    if (id == kLargeSink) return std::make_unique<LargeSink>();
    if (id == kEcho) return std::make_unique<Echo>();
    return std::make_unique<Asker>();
  });
  return job;
}

// Bare round trips beside as many large answers; the first of these is not
// waited for, as it meets fresh memory.
Run BareBeside(double bytes, int pulls) {
  std::atomic<int> pulled{0};
  std::atomic<bool> done{false};
  std::thread large([&] {
    BareLoad load;
    load.trips = pulls + 1;
    load.answer_bytes = static_cast<std::size_t>(bytes);
    load.goes_on = [&pulled](int answers) {
      pulled = answers;
      pulled.notify_all();
      return true;
    };
    BareRoundTrips(Socket::kUnix, load);
    done = true;
  });
  BareLoad small;
  small.trips = std::numeric_limits<int>::max();
  small.goes_on = [&](int) { return !done; };
  pulled.wait(0);
  Run run = BareRoundTrips(Socket::kUnix, small);
  large.join();
  return run;
}

void Measure(const Plan& plan, const std::string& ask, const Folder& folder) {
  const double bytes = plan.quick ? 1 << 28 : 1 << 30;
  const int pulls = plan.Count(10, 2);
  Contender alone, beside, bare;
  double elapsed_us = 0;
  for (int turn = 0; turn < plan.Count(5, 1); ++turn) {
    RunJob({"--nodes=2", "--tasks=4", Setting("report", folder / ask),
            Setting("ask", ask), Setting("bytes", bytes),
            Setting("pulls", pulls),
            Setting("trips", plan.Count(20000, 1000))});
    alone.Add(Run::Load(folder / ask + "1"));
    beside.Add(Run::Load(folder / ask + "2"));
    elapsed_us += Run::Load(folder / ask + "2").elapsed_us;
    bare.Add(BareBeside(bytes, pulls));
  }
  const int turns = plan.Count(5, 1);
  Figure("large_answers", "unix, " + ask)
      .Times("alone", alone)
      .With("alone_max_us", alone.Max())
      .With("beside_p50_us", beside.Quantile(0.5))
      .With("beside_per_second", beside.PerSecond())
      .With("large_GB_per_s", bytes * pulls * turns / elapsed_us / 1e3)
      .With("bare_beside_p50_us", bare.Quantile(0.5))
      .With("bare_beside_p99_us", bare.Quantile(0.99))
      .With("bare_beside_max_us", bare.Max())
      .AtMost("beside_p99_us", beside.Quantile(0.99), kDelayMaxUs)
      .AtMost("beside_max_us", beside.Max(), kDelayMaxUs + alone.Quantile(0.5))
      .Print();
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = PlayBareServer(argc, argv)) return *code;
  if (const auto code = PlayRole(LargeAnswersJob(), argc, argv)) return *code;
  const Plan plan = ReadPlan(argc, argv);
  const Folder folder;
  Measure(plan, "array", folder);
  Measure(plan, "vector", folder);
}
