// SPDX-License-Identifier: Apache-2.0
//
// How long an epoch takes: the root advances it, all tasks enter, pull a
// parameter down a tree and a sum up. With a process for each of 15 tasks,
// coordinated by the embedded coordinator and by etcd; and all in one process,
// with up to 10,000 tasks. With large vectors, beside OpenMPI's collectives, if
// OpenMPI is there.
//
//   epoch_rounds [--quick]
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "measure.h"
#include "processes.h"
#include "support/real_etcd.h"
#include "tree_job.h"

namespace {

using namespace taskgraph::bench;
using taskgraph::test::RealEtcd;

constexpr char kBench[] = "epoch_rounds";

// A way to run it, and what it is to reach.
struct Setup {
  std::string name;
  int tasks = 15;
  int nodes = 0;
  TreeLoad load;
  double p50_us_max = 0;    // 0: no bound.
  std::string coordinator;  // Empty: the embedded one.
  bool beside_mpi = false;
};

// OpenMPI doing the same on as many ranks; nothing if it was not found when
// this was built.
std::optional<Run> MeasureMpi([[maybe_unused]] const Setup& setup) {
#ifdef TASKGRAPH_BENCH_MPIEXEC
  const Folder folder;
  const std::filesystem::path self = Self();
  Program({TASKGRAPH_BENCH_MPIEXEC, "--allow-run-as-root", "--oversubscribe",
           "-n", std::to_string(setup.tasks),
           (self.parent_path() / "mpi_rounds").string(),
           std::to_string(setup.load.floats), std::to_string(setup.load.epochs),
           folder / "report"})
      .Succeed();
  return Run::Load(folder / "report");
#else
  return {};
#endif
}

Run Measure(const Setup& setup) {
  const Folder folder;
  std::vector<std::string> arguments = Settings(setup.load, folder / "report");
  arguments.push_back("--tasks=" + std::to_string(setup.tasks));
  arguments.push_back("--nodes=" + std::to_string(setup.nodes));
  if (!setup.coordinator.empty()) {
    arguments.push_back("--coordinator=" + setup.coordinator);
  }
  RunJob(arguments);
  return Run::Load(folder / "report");
}

void Tell(const Setup& setup, const Contender& epochs, const Contender* mpi) {
  Figure figure(kBench, setup.name);
  const double p50 = epochs.Quantile(0.5), p99 = epochs.Quantile(0.99);
  figure.With("epochs_per_second", epochs.PerSecond());
  if (setup.p50_us_max > 0) {
    figure.AtMost("p50_us", p50, setup.p50_us_max);
    figure.With("p99_us", p99).AtMost("p99_to_p50", p99 / p50, 3);
  } else {
    figure.With("p50_us", p50).With("p99_us", p99);
  }
  figure.With("max_us", epochs.Max())
      .With("p50_us_per_task", p50 / setup.tasks)
      .With("resident_MiB", epochs.remark() / (1 << 20));
  if (mpi != nullptr) {
    figure.Times("openmpi", *mpi)
        .AtLeast("rate_to_openmpi", epochs.PerSecond() / mpi->PerSecond(), 1);
  }
  figure.Print();
}

std::vector<Setup> Setups(const Plan& plan, const std::string& etcd) {
  using Style = TreeLoad::Style;
  const TreeLoad pull{plan.Count(2000, 300)};
  const TreeLoad meta{plan.Count(2000, 300), Style::kWaitForMeta};
  const TreeLoad large{plan.Count(200, 30), Style::kAskAtOnce, 1 << 20};
  const TreeLoad ten_thousand{plan.Count(100, 10)};
  std::vector<Setup> setups = {
      {"15 tasks in 15 processes, embedded", 15, 15, pull, 2000, {}},
      {"15 tasks in 15 processes, embedded, with metas",
       15,
       15,
       meta,
       2000,
       {}},
      {"15 tasks in one process", 15, 0, pull, 300, {}},
      {"15 tasks in one process, with metas", 15, 0, meta, 300, {}},
      {"127 tasks in one process", 127, 0, pull, 0, {}},
      {"1023 tasks in one process", 1023, 0, pull, 0, {}},
      {"10000 tasks in one process", 10000, 0, ten_thousand, 0, {}},
      {"15 tasks in 15 processes, 4 MiB vectors", 15, 15, large, 0, {}, true}};
  if (!etcd.empty()) {
    setups.push_back(
        {"15 tasks in 15 processes, etcd", 15, 15, pull, 3000, etcd});
    setups.push_back({"15 tasks in 15 processes, etcd, with metas", 15, 15,
                      meta, 3000, etcd});
  }
  return setups;
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = PlayRole(TreeJob(), argc, argv)) return *code;
  const Plan plan = ReadPlan(argc, argv);
  std::unique_ptr<RealEtcd> etcd;
  if (RealEtcd::IsInstalled()) etcd = std::make_unique<RealEtcd>();
  const auto setups = Setups(plan, etcd ? etcd->endpoint() : "");
  std::vector<Contender> contenders(setups.size());
  std::map<std::size_t, Contender> mpi;
  for (int turn = 0; turn < plan.Count(3, 1); ++turn) {
    for (std::size_t i = 0; i < setups.size(); ++i) {
      contenders[i].Add(Measure(setups[i]));
      if (!setups[i].beside_mpi) continue;
      if (const auto run = MeasureMpi(setups[i])) mpi[i].Add(*run);
    }
  }
  for (std::size_t i = 0; i < setups.size(); ++i) {
    const auto beside = mpi.find(i);
    Tell(setups[i], contenders[i],
         beside == mpi.end() ? nullptr : &beside->second);
  }
}
