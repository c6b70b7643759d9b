// SPDX-License-Identifier: Apache-2.0
//
// What a task costs that does nothing: memory of a process with 10,000 tasks in
// a tree, after all have entered the first epoch, against one with a single
// task; and how long it takes until they have.
//
//   memory_per_task [--quick]
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "measure.h"
#include "processes.h"
#include "taskgraph/taskgraph.h"
#include "tree_job.h"

namespace {

using namespace taskgraph;
using namespace taskgraph::bench;

constexpr int kTasks = 10'000;

class Idle final : public Task {
 public:
  void EnterEpoch(Turn& turn) override {
    static std::atomic<TaskId> entered{0};  // All tasks are in this process.
    if (++entered < turn.tasks()) return;
    Run run;
    run.remark = ResidentBytes();
    run.Save(turn.config("report"));
    turn.FinishJob();
  }
};

Job IdleJob() {
  Job job("idle", kTasks);
  job.Link("parents", TreeParents(2));
  job.Link("children", TreeChildren(2));
  job.Config("report", "idle.run", "where to write what was measured");
  job.Build([](TaskId) { return std::make_unique<Idle>(); });
  return job;
}

struct Cost {
  double resident_bytes = 0;
  double ms = 0;
};
Cost Measure(int tasks) {
  const Folder folder;
  const auto start = Clock::now();
  RunJob({"--nodes=0", "--tasks=" + std::to_string(tasks),
          Setting("report", folder / "report")});
  const double ms = MicrosecondsSince(start) / 1e3;
  return {Run::Load(folder / "report").remark, ms};
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = PlayRole(IdleJob(), argc, argv)) return *code;
  ReadPlan(argc, argv);
  const Cost one = Measure(1);
  const Cost many = Measure(kTasks);
  const double each = (many.resident_bytes - one.resident_bytes) / (kTasks - 1);
  Figure("memory_per_task", std::to_string(kTasks) + " idle tasks")
      .With("resident_MiB", many.resident_bytes / (1 << 20))
      .With("one_task_MiB", one.resident_bytes / (1 << 20))
      .AtMost("KiB_per_task", each / 1024, 32)
      .With("start_to_end_ms", many.ms)
      .With("one_task_ms", one.ms)
      .Print();
}
