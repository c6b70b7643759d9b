// SPDX-License-Identifier: Apache-2.0
//
// How long an epoch takes: the root advances it, all tasks enter, pull a
// parameter down a tree and a sum up.
//
// * With 15 to 10,000 tasks in one process, coordinated by the embedded
//   coordinator or by etcd, beside a single write to that etcd; with mimalloc
//   instead of glibc's allocator, if it is there; with a process for each of 15
//   tasks; and announced by metas.
// * With 15 and 31 tasks, of 4 B and of 4 MiB, in a process each and in one,
//   beside OpenMPI's collectives with as many ranks, if OpenMPI is there.
//
//   epoch_rounds [--quick]
#include <dlfcn.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "coordination/etcd/etcd_coordinator.h"
#include "measure.h"
#include "processes.h"
#include "support/real_etcd.h"
#include "tree_job.h"

namespace {

using namespace taskgraph::bench;
using taskgraph::test::RealEtcd;

constexpr char kBench[] = "epoch_rounds";
constexpr char kMimalloc[] = "libmimalloc.so.2";

// A way to run it, and what it is to reach.
struct Setup {
  enum class Coordinated { kEmbedded, kByEtcd };
  enum class Mpi { kNone, kBeside, kToBeat };

  std::string name;
  int tasks = 15;
  int nodes = 0;  // 0: everything in one process.
  TreeLoad load;
  double p50_us_max = 0;  // 0: no bound.
  Coordinated coordinated = Coordinated::kEmbedded;
  Mpi mpi = Mpi::kNone;
  bool mimalloc = false;
};

bool HasMimalloc() {
  void* library = ::dlopen(kMimalloc, RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) return false;
  ::dlclose(library);
  return true;
}

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

Run Measure(const Setup& setup, const RealEtcd* etcd) {
  const Folder folder;
  std::vector<std::string> arguments = Settings(setup.load, folder / "report");
  arguments.push_back("--tasks=" + std::to_string(setup.tasks));
  arguments.push_back("--nodes=" + std::to_string(setup.nodes));
  if (setup.coordinated == Setup::Coordinated::kByEtcd) {
    arguments.push_back("--coordinator=" + etcd->endpoint());
  }
  std::vector<std::string> environment;
  if (setup.mimalloc) {
    environment.push_back(std::string("LD_PRELOAD=") + kMimalloc);
  }
  RunJob(arguments, environment);
  return Run::Load(folder / "report");
}

// One write after the other.
Run MeasureWrites(const RealEtcd& etcd, int writes) {
  namespace coordination = taskgraph::coordination;
  std::binary_semaphore decided{0};
  coordination::EtcdOptions options;
  options.endpoints = {etcd.endpoint()};
  const auto coordinator = coordination::ConnectEtcd(
      std::move(options), [&](const coordination::Event& event) {
        if (std::holds_alternative<coordination::CallFailed>(event)) {
          Fail("etcd did not write");
        }
        if (std::holds_alternative<coordination::TxnDecided>(event)) {
          decided.release();
        }
      });
  if (!coordinator) Fail(coordinator.error().message);
  Run run;
  const auto begin = Clock::now();
  for (int i = 0; i < writes; ++i) {
    const auto start = Clock::now();
    (*coordinator)
        ->Commit(1, {{}, {coordination::Put{"bench", std::to_string(i)}}, {}});
    decided.acquire();
    run.times_us.push_back(MicrosecondsSince(start));
  }
  run.elapsed_us = MicrosecondsSince(begin);
  return run;
}

// All turns of all setups.
class Rounds {
 public:
  Rounds(std::vector<Setup> setups, const Plan& plan)
      : setups_(std::move(setups)), plan_(plan), ours_(setups_.size()) {
    if (RealEtcd::IsInstalled()) etcd_ = std::make_unique<RealEtcd>();
    if (etcd_) return;
    std::erase_if(setups_, [](const Setup& setup) {
      return setup.coordinated == Setup::Coordinated::kByEtcd;
    });
  }

  void TakeTurn() {
    if (etcd_) writes_.Add(MeasureWrites(*etcd_, plan_.Count(2000, 200)));
    std::map<Work, Run> mpi;  // Of equal setups, but for their processes.
    for (std::size_t i = 0; i < setups_.size(); ++i) {
      const Setup& setup = setups_[i];
      ours_[i].Add(Measure(setup, etcd_.get()));
      if (setup.mpi == Setup::Mpi::kNone || mpi.contains(WorkOf(setup))) {
        continue;
      }
      const auto run = MeasureMpi(setup);
      if (run) mpi_[WorkOf(setup)].Add(mpi[WorkOf(setup)] = *run);
    }
  }

  void Print() const {
    for (std::size_t i = 0; i < setups_.size(); ++i) Tell(setups_[i], ours_[i]);
  }

 private:
  using Work = std::pair<int, int>;  // Tasks and floats.
  static Work WorkOf(const Setup& setup) {
    return {setup.tasks, setup.load.floats};
  }

  void Tell(const Setup& setup, const Contender& epochs) const {
    Figure figure(kBench, setup.name);
    figure.With("tasks", setup.tasks).Times("ours", epochs);
    if (setup.p50_us_max > 0) {
      figure.AtMost("p50_us", epochs.Quantile(0.5), setup.p50_us_max);
      figure.AtMost("p99_to_p50", epochs.Quantile(0.99) / epochs.Quantile(0.5),
                    3);
    }
    figure.With("max_us", epochs.Max())
        .With("p50_us_per_task", epochs.Quantile(0.5) / setup.tasks)
        .With("resident_MiB", epochs.remark() / (1 << 20));
    if (setup.coordinated == Setup::Coordinated::kByEtcd) {
      figure.Times("etcd_write", writes_)
          .With("p50_to_etcd_write", P50Ratio(epochs, writes_));
    }
    const auto beside = mpi_.find(WorkOf(setup));
    if (setup.mpi != Setup::Mpi::kNone && beside != mpi_.end()) {
      const Spread ratio = RateRatio(epochs, beside->second);
      figure.Times("openmpi", beside->second);
      if (setup.mpi == Setup::Mpi::kToBeat) {
        figure.AtLeast("rate_to_openmpi", ratio, 1);
      } else {
        figure.With("rate_to_openmpi", ratio);
      }
    }
    figure.Print();
  }

  std::vector<Setup> setups_;
  const Plan plan_;
  std::unique_ptr<RealEtcd> etcd_;
  std::vector<Contender> ours_;
  Contender writes_;
  std::map<Work, Contender> mpi_;
};

using Style = TreeLoad::Style;
constexpr auto kEmbedded = Setup::Coordinated::kEmbedded;
constexpr auto kByEtcd = Setup::Coordinated::kByEtcd;

void AddEpochs(const Plan& plan, std::vector<Setup>& setups) {
  const TreeLoad pull{plan.Count(2000, 100)};
  const TreeLoad meta{plan.Count(2000, 100), Style::kWaitForMeta};
  for (const auto& [coordinated, by, p50_us_max] :
       {std::tuple(kEmbedded, ", embedded", 2000),
        std::tuple(kByEtcd, ", etcd", 3000)}) {
    const std::string name = std::string("15 tasks in 15 processes") + by;
    setups.push_back({name, 15, 15, pull, 1.0 * p50_us_max, coordinated});
    setups.push_back(
        {name + ", with metas", 15, 15, meta, 1.0 * p50_us_max, coordinated});
  }
  setups.push_back({"15 tasks in one process, with metas", 15, 0, meta});
  const bool has_mimalloc = HasMimalloc();
  for (const int tasks : {15, 127, 1023, 10'000}) {
    TreeLoad load = pull;
    if (tasks > 127) load.epochs = plan.Count(tasks > 1023 ? 100 : 1000, 10);
    const std::string name = std::to_string(tasks) + " tasks in one process";
    setups.push_back({name, tasks, 0, load, tasks == 15 ? 300.0 : 0.0});
    // With etcd, a process besides has the controller.
    setups.push_back({name + ", etcd", tasks, 1, load, 0, kByEtcd});
    if (!has_mimalloc || tasks == 15) continue;
    setups.push_back({.name = name + ", mimalloc",
                      .tasks = tasks,
                      .load = load,
                      .mimalloc = true});
  }
}

void AddTrees(const Plan& plan, std::vector<Setup>& setups) {
  using Mpi = Setup::Mpi;
  for (const int tasks : {15, 31}) {
    const TreeLoad small{plan.Count(2000, 50)};
    const TreeLoad large{plan.Count(200, 10), Style::kAskAtOnce, 1 << 20};
    for (const TreeLoad& load : {small, large}) {
      const std::string name = "a tree of " + std::to_string(tasks) + " tasks" +
                               (load.floats == 1 ? ", 4 B" : ", 4 MiB");
      const bool beats = tasks == 15 && load.floats > 1;
      setups.push_back({name + ", a process each", tasks, tasks, load, 0,
                        kEmbedded, beats ? Mpi::kToBeat : Mpi::kBeside});
      setups.push_back(
          {name + ", one process", tasks, 0, load, 0, kEmbedded, Mpi::kBeside});
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = PlayRole(TreeJob(), argc, argv)) return *code;
  const Plan plan = ReadPlan(argc, argv);
  std::vector<Setup> setups;
  AddEpochs(plan, setups);
  AddTrees(plan, setups);
  Rounds rounds(std::move(setups), plan);
  for (int turn = 0; turn < plan.Count(3, 1); ++turn) rounds.TakeTurn();
  rounds.Print();
}
