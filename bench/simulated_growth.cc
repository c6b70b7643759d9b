// SPDX-License-Identifier: Apache-2.0
//
// How a job grows, in the simulator: one with more tasks and nodes than a
// machine could run as processes. The clock is the simulator's, so the times
// are those of its network (one way 0.05 to 2 ms) and of turns that take 0 to
// 0.2 ms; what is counted, messages and writes, is what real members would
// send. Then a hundredth of the nodes vanishes at once.
//
// Two remedies for what breaks first are tried, too (docs/scaling.md): nodes
// that are told only of the keys that they need, and sessions of 30 s instead
// of 2, without backups and with them.
//
//   simulated_growth [--quick]
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "measure.h"
#include "sim/tasks.h"
#include "sim/world.h"

namespace {

using namespace std::chrono_literals;
using namespace taskgraph;
using namespace taskgraph::sim;
using bench::Figure;

constexpr Duration kPatience = 10min;

double Seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

struct Size {
  TaskId tasks;
  std::uint32_t nodes;
};

struct Remedy {
  std::string_view name;
  bool by_interest = false;
  Duration session_time = 0s;  // 0: as usual.
  std::uint32_t backups = 0;   // Of each task.
};

class Growth {
 public:
  Growth(const Size& size, const Remedy& remedy)
      : tasks_(size.tasks),
        nodes_(size.nodes),
        lost_nodes_(std::max(1U, size.nodes / 100)),
        remedy_(remedy),
        job_(MakeLoad(size.tasks, remedy, accomplices_)),
        world_(1, job_, Options()) {}

  void Measure() {
    const auto began = bench::Clock::now();
    Await([&] { return AllPlacedBelow(nodes_) && Epoch() >= 1; });
    const double start = Seconds(world_.now());
    const std::uint64_t writes_of_start = Writes();
    const RegistryLoad load_of_start = Load();

    constexpr taskgraph::Epoch kEpochs = 8;
    const Time from = world_.now();
    const std::uint64_t writes = Writes(), messages = messages_;
    const RegistryLoad load = Load();
    const taskgraph::Epoch first = Epoch();
    Await([&] { return Epoch() >= first + kEpochs; });
    const double epoch_s = Seconds(world_.now() - from) / kEpochs;
    const double writes_each = static_cast<double>(Writes() - writes) / kEpochs;
    const double messages_each =
        static_cast<double>(messages_ - messages) / kEpochs;
    const double told_each =
        static_cast<double>(Load().values - load.values) / kEpochs;

    const std::uint64_t before_loss = Writes();
    for (std::uint32_t i = 0; i < lost_nodes_; ++i) {
      world_.StopNode(nodes_ - 1 - i, kPatience);
    }
    const Time vanished = world_.now();
    Await([&] { return AllPlacedBelow(nodes_ - lost_nodes_); });
    const double placed_s = Seconds(world_.now() - vanished);
    const std::uint64_t writes_of_recovery = Writes() - before_loss;
    const taskgraph::Epoch then = Epoch();
    Await([&] { return Epoch() > then; });

    Figure("simulated_growth", std::to_string(tasks_) + " tasks on " +
                                   std::to_string(nodes_) + " nodes" +
                                   std::string(remedy_.name))
        .With("start_s", start)
        .With("writes_of_start", static_cast<double>(writes_of_start))
        .With("values_told_at_start", static_cast<double>(load_of_start.values))
        .With("MB_told_at_start",
              static_cast<double>(load_of_start.bytes) / 1e6)
        .With("epoch_ms", epoch_s * 1e3)
        .With("writes_per_epoch", writes_each)
        .With("values_told_per_epoch", told_each)
        .With("messages_per_epoch_per_task", messages_each / tasks_)
        .With("nodes_lost", lost_nodes_)
        .With("tasks_lost", static_cast<double>(lost_nodes_) * tasks_ / nodes_)
        .With("replaced_s", placed_s)
        .With("writes_of_recovery", static_cast<double>(writes_of_recovery))
        .With("progress_s", Seconds(world_.now() - vanished))
        .With("wall_s", bench::MicrosecondsSince(began) / 1e6)
        .Print();
  }

 private:
  static Job MakeLoad(TaskId tasks, const Remedy& remedy,
                      const Accomplices& accomplices) {
    Workload load;
    load.kind = Workload::Kind::kTreeSum;
    load.tasks = tasks;
    load.epochs = 1'000'000;
    load.backups = remedy.backups;
    Job job = MakeJob(load, accomplices);
    if (remedy.session_time > 0s) {
      job.options().failure.session_time = remedy.session_time;
    }
    return job;
  }

  WorldOptions Options() {
    WorldOptions options;
    options.nodes = nodes_;
    options.slots =
        (1 + remedy_.backups) * (tasks_ / (nodes_ - lost_nodes_) + 1);
    options.start_max = 1s;
    options.restart_min = 100ms;
    options.restart_max = 200ms;
    options.turns.usual_max = 200us;
    options.coordinator.by_interest = remedy_.by_interest;
    options.trace = Trace::Level::kStory;
    options.falsify = [this](core::NodeMessage&, Random&) { ++messages_; };
    return options;
  }

  template <typename Holds>
  void Await(Holds holds) {
    const Time until = world_.now() + kPatience;
    while (!holds()) {
      if (world_.now() > until) bench::Fail("nothing goes on");
      world_.RunFor(1ms);
      if (const auto& violation = world_.checker().violation()) {
        bench::Fail(violation->rule + ": " + violation->what);
      }
    }
  }

  // On the first so many nodes.
  bool AllPlacedBelow(std::uint32_t places) const {
    for (TaskId task = 0; task < tasks_; ++task) {
      if (world_.PlaceOf(task).value_or(places) >= places) return false;
    }
    return true;
  }
  taskgraph::Epoch Epoch() const { return world_.checker().records().epoch(); }
  std::uint64_t Writes() {
    return static_cast<std::uint64_t>(world_.registry().store().revision());
  }

  const RegistryLoad& Load() { return world_.registry().load(); }

  const TaskId tasks_;
  const std::uint32_t nodes_, lost_nodes_;
  const Remedy remedy_;
  std::uint64_t messages_ = 0;
  const Accomplices accomplices_;
  const Job job_;
  World world_;
};

}  // namespace

int main(int argc, char** argv) {
  const bench::Plan plan = bench::ReadPlan(argc, argv);
  std::vector<Size> sizes = {{100, 10}, {1000, 10}, {1000, 100}};
  if (!plan.quick) {
    sizes.insert(sizes.end(), {{10'000, 100}, {1000, 1000}});
  }
  for (const Size& size : sizes) Growth(size, {""}).Measure();
  const Remedy remedies[] = {
      {.name = ", told what they need", .by_interest = true},
      {.name = ", sessions of 30 s", .session_time = 30s},
      {.name = ", sessions of 30 s, a backup each",
       .session_time = 30s,
       .backups = 1}};
  for (const Remedy& remedy : remedies) Growth(sizes.back(), remedy).Measure();
}
