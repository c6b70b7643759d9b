// SPDX-License-Identifier: Apache-2.0
//
// An application for the tests of the driver: four tasks in a ring that do what
// `--config mode=...` says.
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "taskgraph/taskgraph.h"

namespace {

using taskgraph::TaskId;
using taskgraph::Turn;

constexpr const char* kReasons[] = {"finished", "failed", "killed",
                                    "superseded"};

constexpr std::size_t kLongMeta = 3 << 20;

class Player final : public taskgraph::Task {
 public:
  void Init(Turn& turn) override {
    task_ = turn.task();
    mode_ = turn.config("mode");
    exits_ = turn.config("exits");
    if (mode_ == "throw" && task_ == 2) throw std::runtime_error("no luck");
    if (mode_ == "crash" && task_ == 0) std::abort();
    if (mode_ == "recover" && turn.incarnation() > 1) {
      turn.FinishJob({0, "task " + std::to_string(task_) + " recovered"});
    }
  }

  // Each task ends the epoch of its own number: in epoch 4 all have begun.
  void EnterEpoch(Turn& turn) override {
    if (mode_ == "stick" && task_ == 2) {
      if (turn.incarnation() == 1) Hang();
      turn.FinishJob({0, "unstuck"});
    }
    if (turn.epoch() == task_ && mode_ != "count") turn.AdvanceEpoch();
    if (task_ != 0) return;
    if (mode_ == "long-meta") {
      turn.FlagMeta("ring", std::string(kLongMeta, 'm'));
    } else if (mode_ == "finish" || mode_ == "print") {
      turn.FinishJob(
          {std::stoi(turn.config("code")), mode_ == "print" ? "" : "the end"});
    } else if (mode_ == "count") {
      if (turn.epoch() == 100) turn.FinishJob({0, "counted to 100"});
      turn.AdvanceEpoch();
    }
  }

  void MetaReady(Turn& turn, TaskId, const taskgraph::LinkType&,
                 const std::string& meta) override {
    turn.FinishJob({meta == std::string(kLongMeta, 'm') ? 0 : 1,
                    std::to_string(meta.size())});
  }

  // Lines of all tasks go to one file, each written at once.
  void Exit(taskgraph::ExitReason reason,
            const taskgraph::ExitStatus&) override {
    if (mode_ == "print") std::cout << "task " << task_ << " was here\n";
    if (!exits_.empty()) {
      std::ofstream(exits_, std::ios::app)
          << std::to_string(task_) + " " +
                 kReasons[static_cast<std::size_t>(reason)] + "\n";
    }
    if (mode_ == "hang" && task_ == 1) Hang();
  }

 private:
  [[noreturn]] static void Hang() {
    while (true) std::promise<void>().get_future().wait();
  }

  TaskId task_ = 0;
  std::string mode_;
  std::string exits_;
};

bool Has(const char* variable) { return std::getenv(variable) != nullptr; }

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "node" && Has("DRIVER_APP_NODES_DIE")) return 3;
  if (command == "node" && Has("DRIVER_APP_NODES_KILLED")) {
    std::raise(SIGKILL);
  }

  taskgraph::Job job("driver-app", /*tasks=*/4);
  job.Link("ring", taskgraph::Ring());
  if (Has("DRIVER_APP_BAD_LINKS")) {
    job.Link("nowhere",
             [](TaskId, taskgraph::Epoch) { return taskgraph::TaskList{99}; });
  }
  if (Has("DRIVER_APP_LINKS_TWICE")) job.Link("ring", taskgraph::Star());
  if (!Has("DRIVER_APP_NO_BUILDER")) {
    job.Build([](TaskId) { return std::make_unique<Player>(); });
  }
  job.options().limits.meta_bytes_max = kLongMeta;
  job.Config("mode", "finish", "what the tasks do");
  job.Config("code", "0", "exit code for mode finish");
  job.Config("exits", "", "file for a line from the Exit of each task");
  return taskgraph::Main(job, argc, argv);
}
