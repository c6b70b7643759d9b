// SPDX-License-Identifier: Apache-2.0
//
// What hot standbys cost, and what they give. A task asks another one, that
// counts, to add one, over and over, one request in flight; each answer must be
// one more than the last.
//
// * The time of such a request with 0, 1 and 2 backups of the counter, each on
//   a node of its own.
// * From the kill -9 of the counter's node until the next answer; from its stop
//   (SIGSTOP); and from SIGTERM.
//
//   hot_standby [--quick]
#include <signal.h>

#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "job_events.h"
#include "measure.h"
#include "processes.h"
#include "support/real_etcd.h"
#include "taskgraph/taskgraph.h"

namespace {

using namespace taskgraph;
using namespace taskgraph::bench;
using test::RealEtcd;

constexpr char kBench[] = "hot_standby";
constexpr TaskId kCounter = 0;
constexpr TaskId kAsker = 1;
constexpr std::int64_t kGapNs = 2'000'000;  // A longer one is written down.

inline constexpr Method<Empty, std::uint64_t> kAdd{"Add"};

class Counter final : public Task, public Backupable {
 public:
  Counter() {
    Serve(kAdd, [this](Turn& turn, Token<std::uint64_t> token, const Empty&) {
      turn.Update(count_ + 1);
      turn.Answer(token, count_ + 1);
    });
  }
  void Update(const Payload& log) override { Restore(log); }
  Payload Snapshot() override { return Codec<std::uint64_t>::Encode(count_); }
  void Restore(const Payload& snapshot) override {
    count_ = *Codec<std::uint64_t>::Decode(snapshot);
  }

 private:
  std::uint64_t count_ = 0;
};

class Asker final : public Task {
 public:
  Asker() { OnData(kAdd, &Asker::Added); }

  void EnterEpoch(Turn& turn) override {
    trips_ = std::stoul(turn.config("trips"));
    gaps_.open(turn.config("gaps"), std::ios::app);
    started_ = last_ = NowNs();
    turn.Request(kCounter, kAdd, Empty());
  }

 private:
  void Added(Turn& turn, TaskId, const std::uint64_t& count) {
    const std::int64_t now = NowNs();
    if (count != ++count_) {
      turn.FinishJob({1, "the counter says " + std::to_string(count) +
                             " after " + std::to_string(count_) + " requests"});
      return;
    }
    if (trips_ > 0) {
      run_.times_us.push_back(static_cast<double>(now - last_) / 1e3);
    } else if (now - last_ > kGapNs) {
      gaps_ << last_ << " " << now << std::endl;
    }
    last_ = now;
    if (count_ != trips_) {
      turn.Request(kCounter, kAdd, Empty());
      return;
    }
    run_.elapsed_us = static_cast<double>(now - started_) / 1e3;
    run_.Save(turn.config("report"));
    turn.FinishJob();
  }

  std::uint64_t trips_ = 0;
  std::uint64_t count_ = 0;
  std::int64_t started_ = 0;
  std::int64_t last_ = 0;
  Run run_;
  std::ofstream gaps_;
};

// The asker has no backups: it is what measures.
Job CounterJob() {
  Job job("counter", 2);
  job.Link("all", FullMesh());
  job.Config("trips", "0", "how many requests; 0: without end");
  job.Config("report", "", "where to save the times");
  job.Config("gaps", "/dev/null", "where to write long waits");
  job.Build([](TaskId id) -> std::unique_ptr<Task> {
    if (id == kAsker) return std::make_unique<Asker>();
    return std::make_unique<Counter>();
  });
  job.Backups(kAsker, 0);
  return job;
}

Run Requests(int backups, int trips) {
  const Folder folder;
  RunJob({"--nodes=" + std::to_string(2 + backups), "--slots=1",
          "--backups=" + std::to_string(backups), Setting("trips", trips),
          Setting("report", folder / "report")});
  return Run::Load(folder / "report");
}

void Cost(const Plan& plan) {
  constexpr int kMost = 2;
  const int trips = plan.Count(20'000, 500);
  Contender requests[kMost + 1];  // By the number of backups.
  std::vector<double> extra[kMost + 1];
  for (int turn = 0; turn < plan.Count(5, 1); ++turn) {
    for (int backups = 0; backups <= kMost; ++backups) {
      requests[backups].Add(Requests(backups, trips));
      const double without = requests[0].p50s_us().back();
      extra[backups].push_back(requests[backups].p50s_us().back() / without -
                               1);
    }
  }
  for (int backups = 1; backups <= kMost; ++backups) {
    const auto extra_max =
        backups == 1 ? std::optional(1.3) : std::nullopt;  // None for more.
    Figure(kBench, "a request that changes state, one in flight, " +
                       std::to_string(backups) + " backups")
        .Times("without", requests[0])
        .Times("with", requests[backups])
        .With("with_to_without", P50Ratio(requests[backups], requests[0]))
        .AtMost("extra_to_round_trip", OverTurns(extra[backups]), extra_max)
        .Print();
  }
}

// Follows until the counter has a backup and is on another node than `before`.
pid_t AwaitCover(Events& events, pid_t before) {
  pid_t pid = before;
  bool covered = false;
  while (pid == before || !covered) {
    const Json event = events.Next();
    const std::string what = event.at("event");
    if (what == "ended") Fail("the job ended: " + event.dump());
    if (!event.contains("task") || event.at("task") != kCounter) continue;
    if (what == "assigned") pid = event.at("pid");
    if (what == "backups") covered = !event.at("nodes").empty();
  }
  return pid;
}

struct Harm {
  std::string name;
  int signal;
  double p50_ms_max, p99_ms_max;
};

void Takeover(const Harm& harm, const std::string& where,
              const std::string& coordinator, int trials) {
  const Folder folder;
  Events events(folder / "events");
  std::vector<std::string> arguments = {
      "--nodes=4",
      "--slots=1",
      "--backups=1",
      "--restarts-max=" + std::to_string(trials + 100),
      "--events=" + events.path(),
      Setting("gaps", folder / "gaps")};
  if (!coordinator.empty()) arguments.push_back("--coordinator=" + coordinator);
  Program job = StartJob(arguments);
  std::vector<std::int64_t> kills;
  pid_t pid = AwaitCover(events, 0);
  for (int i = 0; i < trials; ++i) {
    kills.push_back(NowNs());
    const pid_t harmed = pid;
    ::kill(harmed, harm.signal);
    pid = AwaitCover(events, harmed);
    ::kill(harmed, SIGKILL);  // So that it is replaced.
  }
  job.Signal(SIGTERM);
  job.Wait();
  std::vector<std::pair<std::int64_t, std::int64_t>> gaps;
  std::ifstream file(folder / "gaps");
  for (std::pair<std::int64_t, std::int64_t> gap;
       file >> gap.first >> gap.second;) {
    gaps.push_back(gap);
  }
  std::vector<double> until_answer;
  for (const std::int64_t kill : kills) {
    double found = static_cast<double>(kGapNs) / 1e6;  // Or less.
    for (const auto& [from, to] : gaps) {
      if (from <= kill + kGapNs && to > kill) {
        found = static_cast<double>(to - kill) / 1e6;
        break;
      }
    }
    until_answer.push_back(found);
  }
  Figure(kBench, harm.name + " of a primary to the next answer, " + where)
      .With("trials", trials)
      .AtMost("p50_ms", OverTrials(until_answer), harm.p50_ms_max)
      .AtMost("p99_ms", Quantile(until_answer, 0.99), harm.p99_ms_max)
      .With("max_ms", Quantile(until_answer, 1))
      .Print();
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = PlayRole(CounterJob(), argc, argv)) return *code;
  const Plan plan = ReadPlan(argc, argv);
  std::unique_ptr<RealEtcd> etcd;
  if (RealEtcd::IsInstalled()) etcd = std::make_unique<RealEtcd>();
  Cost(plan);
  const Harm kill{"kill -9", SIGKILL, 20, 100};
  const Harm stop{"SIGSTOP", SIGSTOP, 1250, 1250};  // heartbeat_timeout is 1 s.
  Takeover(kill, "embedded", "", plan.Count(200, 5));
  if (etcd) Takeover(kill, "etcd", etcd->endpoint(), plan.Count(200, 5));
  const Harm terminate{"SIGTERM", SIGTERM, 20, 100};
  Takeover(terminate, "embedded", "", plan.Count(100, 5));
  if (etcd) Takeover(terminate, "etcd", etcd->endpoint(), plan.Count(100, 5));
  Takeover(stop, "embedded", "", plan.Count(30, 2));
  if (etcd) Takeover(stop, "etcd", etcd->endpoint(), plan.Count(30, 2));
}
