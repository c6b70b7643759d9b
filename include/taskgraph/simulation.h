// SPDX-License-Identifier: Apache-2.0
//
// Simulate: runs your job under faults, in virtual time, from seeds.
//
// Intuition: a flight simulator. The engine is the real one: your tasks, and
// the framework's protocol. The clock, the network, the coordinator and the
// weather are not. Each seed is another flight through another storm, over in
// milliseconds; the same seed is the same flight, as often as you like.
//
//   TEST(BankTest, NoMoneyIsLost) {
//     const auto report = taskgraph::Simulate(BankJob(), {.seeds = 500});
//     EXPECT_TRUE(report.ok()) << report.Describe();
//   }
//
// What fails is run again with fewer faults, nodes and tasks, until little is
// left to look at. Link taskgraph::simulation, in tests only. A tutorial:
// docs/simulation.md.
//
// Threads: everything runs on the caller's. Callbacks must be deterministic:
// no clock, no random numbers but from a seed, no state that outlives a run.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "taskgraph/fault.h"
#include "taskgraph/job.h"

namespace taskgraph {

namespace simulation {
struct Scene;
}

// A run, as it is between two of its events.
class SimulatedJob {
 public:
  explicit SimulatedJob(simulation::Scene& scene) : scene_(scene) {}

  std::uint64_t seed() const;
  Duration now() const;  // Virtual, since the beginning of the run.
  TaskId tasks() const;
  Epoch epoch() const;
  std::optional<ExitStatus> end() const;  // None: it has not ended.

  // How often a task lost its state, and how often a backup took over.
  std::uint64_t losses() const;
  std::uint64_t promotions() const;

  // Of a task: how many lives it has begun, how many backups count, and on
  // which node its primary is (none: on none at present).
  Incarnation incarnation(TaskId task) const;
  std::size_t backups(TaskId task) const;
  std::optional<std::uint32_t> NodeOf(TaskId task) const;

  // The object that you built for the task, on the node of its primary, as its
  // last callback left it; that turn may not have taken effect yet. Null: it is
  // not built, is of another class, or has had its Exit.
  template <typename T = Task>
  const T* Primary(TaskId task) const {
    return dynamic_cast<const T*>(PrimaryTask(task));
  }

  // Lets `fault` happen, at Fault::at or, if that has passed, now.
  void Inject(const Fault& fault);

 private:
  const Task* PrimaryTask(TaskId task) const;

  simulation::Scene& scene_;
};

// What must be true of a run. Returns what is wrong; empty: nothing is.
using Invariant = std::function<std::string(const SimulatedJob&)>;

// What injects faults while it looks on.
using Script = std::function<void(SimulatedJob&)>;

// That the job ended with code 0.
std::string EndedWell(const SimulatedJob& job);

struct SimulationOptions {
  // The seeds first_seed, first_seed + 1, ... Each draws delays of its own, and
  // its own mix of faults: few kinds, often.
  std::uint64_t seeds = 100;
  std::uint64_t first_seed = 1;

  // A file that remembers seeds that failed: they are run first from then on,
  // until you delete their lines. Empty: none.
  std::string seeds_file = {};

  // What is run: other values of the job's declared keys; on so many nodes,
  // with so many slots each (0: enough for all replicas while one node is
  // down).
  Config config = {};
  std::uint32_t nodes = 5;
  std::uint32_t slots = 0;

  // The kinds that are drawn from. Empty: none; see `script`.
  std::vector<FaultKind> faults = AllFaultKinds();

  // What must be true after every event, and when the job has ended and all
  // tasks have had their Exit.
  Invariant always = {};
  Invariant at_end = EndedWell;

  // Makes, anew for each run, what is called after every event to inject faults
  // at moments that depend on what the job does; until drawn faults end.
  std::function<Script()> script = {};

  // How long the job may take, in virtual time, when nothing fails any more.
  Duration ends_within = std::chrono::minutes(10);

  // Compares every backup with its primary after so many turns, as
  // BackupOptions::check_every does; that finds updates that were forgotten. 0:
  // as the job's own options say.
  std::uint32_t check_backups = 1;

  // Every so many-th seed is run twice, and must be the same run. 0: none.
  std::uint64_t check_determinism = 10;

  // Runs that may be spent on making a failure smaller.
  std::uint32_t shrink_runs_max = 500;
};

// One run without chance in what fails, and when.
struct SimulationPlan {
  std::uint64_t seed = 1;  // Of how long messages, calls and callbacks take.
  TaskId tasks = 0;        // 0: as many as the job has.
  std::uint32_t nodes = 5;
  std::vector<Fault> faults = {};
  // When all nodes are woken and all cuts are mended. 0: 10 s after the last
  // fault is over.
  Duration heals_at{};
};

struct SimulationFailure {
  // "always", "at_end"; "progress": the job did not end; "determinism": the
  // same seed was not the same run; "exception": something threw that may not;
  // or "R1".."R25": a rule of docs/protocol.md, and a bug of TaskGraph's.
  std::string rule;
  std::string what;
  Duration at{};  // Virtual, since the beginning of the run.
  SimulationPlan plan;
  std::string trace;  // The last lines of what happened.
};

struct SimulationReport {
  std::uint64_t runs = 0;                     // All that were made.
  Duration simulated{};                       // Their virtual time.
  std::map<FaultKind, std::uint64_t> faults;  // That happened in them.
  // The first failure, which is also the last thing that is run; and a smaller
  // run that breaks the same rule, if there was one.
  std::optional<SimulationFailure> failure;
  std::optional<SimulationFailure> shrunk;

  bool ok() const { return !failure; }
  // All of it, for people, with the call that shows it again.
  std::string Describe() const;
};

// Makes the job for a run with so many tasks; called once for each run, so
// what it creates is new in each.
using JobFactory = std::function<Job(TaskId tasks)>;

// Runs the seeds until one fails. UsageError for a job or options that can't
// be right. With a factory a failure is shrunk to fewer tasks, too.
SimulationReport Simulate(const Job& job,
                          const SimulationOptions& options = {});
SimulationReport Simulate(const JobFactory& make, TaskId tasks,
                          const SimulationOptions& options = {});

// Runs one plan: a failure that was found, or a situation that you want to be
// sure of. Of `options`, what is about seeds, `faults` and `script` have no
// meaning here.
SimulationReport Replay(const Job& job, const SimulationPlan& plan,
                        const SimulationOptions& options = {});
SimulationReport Replay(const JobFactory& make, const SimulationPlan& plan,
                        const SimulationOptions& options = {});

}  // namespace taskgraph
