// SPDX-License-Identifier: Apache-2.0
//
// What tasks and processes take of a machine, and of the coordinator:
//
// * memory of a task that does nothing: a process with 10,000 in a tree against
//   one with a single task; and how long it takes until all have begun;
// * threads, sockets and memory of each of 15 processes with 15 tasks, and with
//   1,023, while epochs go by;
// * writes to etcd, and calls, for each epoch, with 15 tasks and with 1,023:
//   what a long job needs more than a short one.
//
//   footprint [--quick]
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "job_events.h"
#include "measure.h"
#include "process_stats.h"
#include "processes.h"
#include "support/real_etcd.h"
#include "taskgraph/taskgraph.h"
#include "tree_job.h"

namespace {

using namespace taskgraph;
using namespace taskgraph::bench;
using test::RealEtcd;

constexpr char kBench[] = "footprint";
constexpr char kIdle[] = "TASKGRAPH_BENCH_IDLE";  // Which job a child plays.
constexpr int kMany = 10'000;

// --- Memory of a task, and start ---

class Idle final : public Task {
 public:
  void EnterEpoch(Turn& turn) override {
    static std::atomic<TaskId> entered{0};  // All tasks are in this process.
    if (++entered < turn.tasks()) return;
    Run run;
    run.times_us = {static_cast<double>(NowNs()) / 1e3};
    run.remark = StatsOf(::getpid()).resident_bytes;
    run.Save(turn.config("report"));
    turn.FinishJob();
  }
};

Job IdleJob() {
  Job job("idle", kMany);
  job.Link("parents", TreeParents(2));
  job.Link("children", TreeChildren(2));
  job.Config("report", "idle.run", "where to write what was measured");
  job.Build([](TaskId) { return std::make_unique<Idle>(); });
  return job;
}

// All turns of so many idle tasks.
struct IdleTurns {
  int tasks;
  std::vector<double> resident_bytes = {}, entered_ms = {}, ended_ms = {};

  void Take() {
    const Folder folder;
    const std::int64_t start = NowNs();
    const auto since = [&](double ns) {
      return (ns - static_cast<double>(start)) / 1e6;
    };
    ::setenv(kIdle, "1", 1);
    RunJob({"--nodes=0", "--tasks=" + std::to_string(tasks),
            Setting("report", folder / "report")});
    ::unsetenv(kIdle);
    ended_ms.push_back(since(static_cast<double>(NowNs())));
    const Run run = Run::Load(folder / "report");
    entered_ms.push_back(since(run.times_us[0] * 1e3));
    resident_bytes.push_back(run.remark);
  }
};

void MemoryPerTask(const Plan& plan) {
  IdleTurns one{1}, many{kMany};
  std::vector<double> kib_per_task;
  for (int turn = 0; turn < plan.Count(9, 2); ++turn) {
    one.Take();
    many.Take();
    kib_per_task.push_back(
        (many.resident_bytes.back() - one.resident_bytes.back()) / 1024 /
        (kMany - 1));
  }
  Figure(kBench, std::to_string(kMany) + " idle tasks")
      .AtMost("KiB_per_task", OverTurns(kib_per_task), 32)
      .With("resident_MiB", Quantile(many.resident_bytes, 0.5) / (1 << 20))
      .With("one_task_MiB", Quantile(one.resident_bytes, 0.5) / (1 << 20))
      .TrialsMs("start_to_all_entered", many.entered_ms)
      .TrialsMs("start_to_end", many.ended_ms)
      .TrialsMs("one_task_start_to_end", one.ended_ms)
      .Print();
}

// --- Threads, sockets, memory of a process ---

// Looks when all nodes are there and epochs go by.
std::vector<ProcessStats> LookAtNodes(Events& events, std::size_t nodes) {
  std::map<std::string, pid_t> pids;
  for (int epochs = 0; pids.size() < nodes || epochs < 5;) {
    const Json event = events.Next();
    const std::string what = event.at("event");
    if (what == "ended") Fail("the job ended: " + event.dump());
    if (what == "node_joined") pids[event.at("node")] = event.at("pid");
    if (what == "epoch") ++epochs;
  }
  std::vector<ProcessStats> stats;
  for (const auto& [node, pid] : pids) stats.push_back(StatsOf(pid));
  return stats;
}

void EachProcess(int tasks) {
  constexpr int kNodes = 15;
  const Folder folder;
  Events events(folder / "events");
  TreeLoad load;
  load.epochs = 2'000'000'000;  // Without end.
  std::vector<std::string> arguments = Settings(load, folder / "report");
  arguments.push_back("--tasks=" + std::to_string(tasks));
  arguments.push_back("--nodes=" + std::to_string(kNodes));
  arguments.push_back("--events=" + events.path());
  Program job = StartJob(arguments);
  std::vector<double> threads, sockets, mebibytes;
  for (const ProcessStats& node : LookAtNodes(events, kNodes)) {
    threads.push_back(node.threads);
    sockets.push_back(node.sockets);
    mebibytes.push_back(node.resident_bytes / (1 << 20));
  }
  const ProcessStats launcher = StatsOf(job.pid());
  job.Signal(SIGTERM);
  job.Wait();
  Figure(kBench, "each of 15 processes, " + std::to_string(tasks) + " tasks")
      .With("threads", OverTurns(threads))
      .With("sockets", OverTurns(sockets))
      .With("resident_MiB", OverTurns(mebibytes))
      .With("launcher_threads", launcher.threads)
      .With("launcher_sockets", launcher.sockets)
      .With("launcher_resident_MiB", launcher.resident_bytes / (1 << 20))
      .Print();
}

// --- The coordinator's work ---

// Of a whole job.
EtcdStats WorkOfJob(const RealEtcd& etcd, int tasks, int epochs) {
  const Folder folder;
  TreeLoad load;
  load.epochs = epochs;
  std::vector<std::string> arguments = Settings(load, folder / "report");
  arguments.push_back("--tasks=" + std::to_string(tasks));
  arguments.push_back("--nodes=3");
  arguments.push_back("--coordinator=" + etcd.endpoint());
  const EtcdStats before = StatsOf(etcd);
  RunJob(arguments);
  const EtcdStats after = StatsOf(etcd);
  return {after.writes - before.writes, after.calls - before.calls};
}

EtcdStats WorkPerEpoch(const RealEtcd& etcd, int tasks, const Plan& plan) {
  const int few = 10, many = few + plan.Count(500, 40);
  const EtcdStats small = WorkOfJob(etcd, tasks, few);
  const EtcdStats large = WorkOfJob(etcd, tasks, many);
  return {(large.writes - small.writes) / (many - few),
          (large.calls - small.calls) / (many - few)};
}

void CoordinatorsWork(const RealEtcd& etcd, const Plan& plan) {
  std::vector<double> few_writes, few_calls, many_writes, many_calls;
  for (int turn = 0; turn < plan.Count(3, 1); ++turn) {
    const EtcdStats few = WorkPerEpoch(etcd, 15, plan);
    const EtcdStats many = WorkPerEpoch(etcd, 1023, plan);
    few_writes.push_back(few.writes);
    few_calls.push_back(few.calls);
    many_writes.push_back(many.writes);
    many_calls.push_back(many.calls);
  }
  Figure(kBench, "etcd's work for an epoch of 3 processes")
      .With("writes_15_tasks", OverTurns(few_writes))
      .With("writes_1023_tasks", OverTurns(many_writes))
      .With("calls_15_tasks", OverTurns(few_calls))
      .With("calls_1023_tasks", OverTurns(many_calls))
      // A job that takes longer also renews and compares more often.
      .AtMost("writes_1023_to_15", Ratio(many_writes, few_writes), 1.1)
      .With("calls_1023_to_15", Ratio(many_calls, few_calls))
      .Print();
}

}  // namespace

int main(int argc, char** argv) {
  const Job job = std::getenv(kIdle) != nullptr ? IdleJob() : TreeJob();
  if (const auto code = PlayRole(job, argc, argv)) return *code;
  const Plan plan = ReadPlan(argc, argv);
  MemoryPerTask(plan);
  for (const int tasks : {15, 1023}) EachProcess(tasks);
  if (!RealEtcd::IsInstalled()) return 0;
  const RealEtcd etcd;
  CoordinatorsWork(etcd, plan);
}
