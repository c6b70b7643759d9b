// SPDX-License-Identifier: Apache-2.0
//
// How long a job of 15 tasks stands still when one of its 15 node processes is
// killed by kill -9 and a spare waits: from the kill until the root enters an
// epoch that could not have ended without the task that was lost. And how long
// a job takes from its start to its first epoch.
//
//   recovery_time [--quick]
#include <signal.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "job_events.h"
#include "measure.h"
#include "processes.h"
#include "support/real_etcd.h"
#include "tree_job.h"

namespace {

using namespace taskgraph;
using namespace taskgraph::bench;
using test::RealEtcd;

constexpr char kBench[] = "recovery_time";
constexpr int kTasks = 15;
constexpr int kNodes = 15;
constexpr int kSpares = 2;
constexpr int kForEver = 2'000'000'000;  // Epochs.

// A job under way, as far as its events tell.
class Watched {
 public:
  explicit Watched(Events& events) : events_(events) {}

  // Follows until all chairs are taken and the epoch has moved on since.
  void AwaitCalm() {
    const Epoch before = epoch_;
    while (present_.size() < kNodes + kSpares || pids_.size() < kTasks ||
           epoch_ < before + 3) {
      Take(events_.Next());
    }
  }
  // Follows until `task` has another process.
  void AwaitNewProcess(TaskId task) {
    const pid_t before = pids_.at(task);
    while (pids_.at(task) == before) Take(events_.Next());
  }
  pid_t PidOf(TaskId task) const { return pids_.at(task); }

 private:
  void Take(const Json& event) {
    const std::string& what = event.at("event").get_ref<const std::string&>();
    if (what == "epoch") epoch_ = event.at("epoch");
    if (what == "node_joined") present_.insert(event.at("node"));
    if (what == "node_lost") present_.erase(event.at("node"));
    if (what == "assigned") pids_[event.at("task")] = event.at("pid");
    if (what == "ended") Fail("the job ended: " + event.dump());
  }

  Events& events_;
  Epoch epoch_ = 0;
  std::set<std::string> present_;
  std::map<TaskId, pid_t> pids_;
};

struct Kill {
  TaskId task;
  std::int64_t at_ns;
};

std::vector<std::string> Arguments(const Folder& folder, int epochs,
                                   const std::string& coordinator) {
  TreeLoad load;
  load.epochs = epochs;
  std::vector<std::string> arguments =
      Settings(load, folder / "report", folder / "stamps");
  arguments.push_back("--nodes=" + std::to_string(kNodes));
  if (!coordinator.empty()) arguments.push_back("--coordinator=" + coordinator);
  return arguments;
}

std::vector<Kill> KillInTurn(const std::vector<std::string>& arguments,
                             Events& events, int trials) {
  Program job = StartJob(arguments);
  Watched watched(events);
  std::vector<Kill> kills;
  for (int i = 0; i < trials; ++i) {
    watched.AwaitCalm();
    const auto task = static_cast<TaskId>(i % kTasks);  // 0 is the root.
    kills.push_back({task, NowNs()});
    ::kill(watched.PidOf(task), SIGKILL);
    watched.AwaitNewProcess(task);
  }
  watched.AwaitCalm();
  job.Signal(SIGTERM);
  job.Wait();
  return kills;
}

// When, after a kill, its task began anew, and when the root then entered an
// epoch that it had not entered before.
struct Recovery {
  std::int64_t began_ns = 0;
  std::int64_t progress_ns = 0;
};
Recovery Find(const std::vector<Stamp>& stamps, const Kill& kill) {
  Recovery found;
  Epoch highest = 0;
  for (const Stamp& stamp : stamps) {
    const bool epoch = stamp.what == Stamp::What::kEpochEntered;
    if (epoch && found.began_ns != 0 && stamp.epoch > highest) {
      found.progress_ns = stamp.at_ns;
      return found;
    }
    if (epoch) highest = std::max(highest, stamp.epoch);
    if (!epoch && stamp.task == kill.task && stamp.at_ns > kill.at_ns &&
        found.began_ns == 0) {
      found.began_ns = stamp.at_ns;
    }
  }
  Fail("no epoch ended after a kill");
}

double Ms(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }

void Recover(const std::string& name, const std::string& coordinator,
             int trials) {
  const Folder folder;
  Events events(folder / "events");
  std::vector<std::string> arguments = Arguments(folder, kForEver, coordinator);
  arguments.push_back("--spares=" + std::to_string(kSpares));
  arguments.push_back("--restarts-max=" + std::to_string(trials + 100));
  arguments.push_back("--events=" + events.path());
  const auto kills = KillInTurn(arguments, events, trials);
  const auto stamps = ReadStamps(folder / "stamps");
  std::vector<double> until_begun, until_progress;
  for (const Kill& kill : kills) {
    const Recovery found = Find(stamps, kill);
    until_begun.push_back(Ms(found.began_ns - kill.at_ns));
    until_progress.push_back(Ms(found.progress_ns - kill.at_ns));
  }
  Figure(kBench, "kill -9 to the next epoch, " + name)
      .With("trials", trials)
      .TrialsMs("until_task_began", until_begun)
      .AtMost("p50_ms", OverTrials(until_progress), 200)
      .AtMost("p99_ms", Quantile(until_progress, 0.99), 1000)
      .With("max_ms", Quantile(until_progress, 1))
      .Print();
}

void Start(const std::string& name, const std::string& coordinator,
           int trials) {
  std::vector<double> until_entered, until_ended;
  for (int i = 0; i < trials; ++i) {
    const Folder folder;
    const std::int64_t start = NowNs();
    StartJob(Arguments(folder, 1, coordinator)).Succeed();
    for (const Stamp& stamp : ReadStamps(folder / "stamps")) {
      if (stamp.what != Stamp::What::kEpochEntered) continue;
      (stamp.epoch == 0 ? until_entered : until_ended)
          .push_back(Ms(stamp.at_ns - start));
    }
  }
  Figure(kBench, "job start to first epoch, 15 processes, " + name)
      .With("trials", trials)
      .AtMost("entered_p50_ms", OverTrials(until_entered), 500)
      .With("entered_p99_ms", Quantile(until_entered, 0.99))
      .TrialsMs("ended", until_ended)
      .Print();
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = PlayRole(TreeJob(), argc, argv)) return *code;
  const Plan plan = ReadPlan(argc, argv);
  std::unique_ptr<RealEtcd> etcd;
  if (RealEtcd::IsInstalled()) etcd = std::make_unique<RealEtcd>();
  Start("embedded", "", plan.Count(20, 3));
  Recover("embedded", "", plan.Count(100, 8));
  if (!etcd) return 0;
  Start("etcd", etcd->endpoint(), plan.Count(20, 3));
  Recover("etcd", etcd->endpoint(), plan.Count(100, 8));
}
