// SPDX-License-Identifier: Apache-2.0
//
// What backups cost a whole job: epochs a second with them and without, the two
// taking turns.
//
// * examples/digits, a tree of 15 tasks on 5 nodes: a backup of the root alone,
//   and of each task.
// * 15 tasks in a star, on 5 nodes, each epoch one turn of 1 ms for each: a
//   backup of each task.
//
//   standby_throughput [--quick]
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "digits/trainer.h"
#include "measure.h"
#include "processes.h"
#include "taskgraph/taskgraph.h"

namespace {

using namespace taskgraph;
using namespace taskgraph::bench;

constexpr char kBench[] = "standby_throughput";
// Which job a child plays, and the backups that it asks for: "digits root".
constexpr char kRole[] = "BENCH_STANDBY_ROLE";
constexpr TaskId kHub = 0;
constexpr std::int64_t kTurnNs = 1'000'000;

inline constexpr Method<Empty, std::uint64_t> kWork{"Work"};

// Counts its turns, each a millisecond of work.
class Laborer : public Task, public Backupable {
 public:
  Laborer() {
    Serve(kWork, [this](Turn& turn, Token<std::uint64_t> token, const Empty&) {
      const std::int64_t begin = NowNs();
      while (NowNs() < begin + kTurnNs) continue;
      turn.Update(std::uint64_t{1});
      turn.Answer(token, count_ + 1);
    });
  }
  void Update(const Payload& log) override {
    count_ += *Codec<std::uint64_t>::Decode(log);
  }
  Payload Snapshot() override { return Codec<std::uint64_t>::Encode(count_); }
  void Restore(const Payload& snapshot) override {
    count_ = *Codec<std::uint64_t>::Decode(snapshot);
  }

 protected:
  std::uint64_t count_ = 0;
};

// Counts answers; all of an epoch's end it.
class Hub final : public Laborer {
 public:
  Hub() {
    OnData(kWork, [this](Turn& turn, TaskId, const std::uint64_t&) {
      turn.Update(std::uint64_t{1});
      const std::uint64_t all = turn.tasks() - 1;
      if ((count_ + 1) % all != 0) return;
      if (turn.epoch() + 1 == std::stoull(turn.config("epochs"))) {
        turn.FinishJob();
      } else {
        turn.AdvanceEpoch();
      }
    });
  }
  void EnterEpoch(Turn& turn) override {
    for (TaskId task = 1; task < turn.tasks(); ++task) {
      turn.Request(task, kWork, Empty());
    }
  }
};

Job LaborJob() {
  Job job("labor", 15);
  job.Link("all", Star());
  job.Config("epochs", "1", "how many");
  job.Build([](TaskId task) -> std::unique_ptr<Task> {
    if (task == kHub) return std::make_unique<Hub>();
    return std::make_unique<Laborer>();
  });
  return job;
}

Job DigitsJob() {
  Job job = digits::TrainingJob();
  job.Build([](TaskId, const Config& config) {
    return std::make_unique<digits::Trainer>(config);
  });
  return job;
}

Job JobOf(const std::string& role) {
  Job job = role.starts_with("digits") ? DigitsJob() : LaborJob();
  job.options().backups = {};
  if (role.ends_with("root")) job.Backups(0, 1);
  if (role.ends_with("each")) job.Backups(1);
  return job;
}

double EpochsPerSecond(const std::string& role, int epochs) {
  ::setenv(kRole, role.c_str(), 1);
  const auto start = Clock::now();
  RunJob({"--nodes=5", "--slots=6", "--quiet", Setting("epochs", epochs)});
  return epochs / MicrosecondsSince(start) * 1e6;
}

void Compare(const std::string& name, const std::string& job,
             const std::string& whose, int epochs, int turns,
             std::optional<double> cost_max = {}) {
  std::vector<double> without, with, cost;
  for (int i = 0; i < turns; ++i) {
    without.push_back(EpochsPerSecond(job + " none", epochs));
    with.push_back(EpochsPerSecond(job + " " + whose, epochs));
    cost.push_back(1 - with.back() / without.back());
  }
  Figure(kBench, name)
      .With("without_per_second", OverTurns(without))
      .With("with_per_second", OverTurns(with))
      .With("rate_with_to_without", Ratio(with, without))
      .AtMost("cost", OverTurns(cost), cost_max)
      .Print();
}

}  // namespace

int main(int argc, char** argv) {
  const char* role = std::getenv(kRole);
  if (const auto code = PlayRole(JobOf(role ? role : ""), argc, argv)) {
    return *code;
  }
  const Plan plan = ReadPlan(argc, argv);
  const int turns = plan.Count(5, 1);
  const int epochs = plan.Count(2000, 50);
  Compare("digits, a backup of the root", "digits", "root", epochs, turns,
          0.15);
  Compare("digits, a backup of each task", "digits", "each", epochs, turns);
  Compare("a star with turns of 1 ms, a backup of each task", "labor", "each",
          plan.Count(500, 20), turns, 0.15);
}
