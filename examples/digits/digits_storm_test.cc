// SPDX-License-Identifier: Apache-2.0
//
// Digits on simulated nodes: whatever fails, the result is that of one process,
// to the last bit.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "digits/trainer.h"
#include "taskgraph/simulation.h"

namespace digits {
namespace {

using taskgraph::FaultKind;
using taskgraph::SimulatedJob;
using taskgraph::SimulationOptions;

constexpr TaskId kTasks = 15;

// Trainings of so many epochs, in a folder of this test's own.
class DigitsStorm : public testing::Test {
 protected:
  DigitsStorm() : folder_(testing::TempDir() + "/storm.XXXXXX") {
    if (mkdtemp(folder_.data()) == nullptr) std::abort();
  }
  ~DigitsStorm() override { std::filesystem::remove_all(folder_); }

  taskgraph::Job Training(std::size_t epochs) {
    WriteResult(folder_ + "/sequential",
                Train(ReadRows(DIGITS_DATA), kTasks, epochs));
    taskgraph::Job job = TrainingJob();
    job.Build([this, epochs](TaskId, taskgraph::Config config) {
      config["epochs"] = std::to_string(epochs);
      config["result"] = folder_ + "/tree";
      return std::make_unique<Trainer>(config);
    });
    return job;
  }

  // Empty: the result is that of one process.
  std::string ResultDiffers(const SimulatedJob& job) const {
    std::string wrong = EndedWell(job);
    if (!wrong.empty()) return wrong;
    return Read("tree") == Read("sequential")
               ? ""
               : "the result is not that of one process";
  }

 private:
  std::string Read(const std::string& name) const {
    std::ifstream file(folder_ + "/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string folder_;
};

// Whenever the root has a backup, some events into an epoch.
taskgraph::Script KillTheRootsNode() {
  return [next = Epoch{1}, events = Epoch{0}](SimulatedJob& job) mutable {
    const auto node = job.NodeOf(0);
    if (!node || job.epoch() < next || job.backups(0) == 0) return;
    if (events > 0) {
      --events;
      return;
    }
    job.Inject({.kind = FaultKind::kKillNode, .whom = *node});
    next = job.epoch() + job.seed() % 2;
    events = (job.seed() * 37 + job.epoch() * 11) % 100;
  };
}

// R4, R17, R20: each replica is alone on its node, so only the root's are lost.
TEST_F(DigitsStorm, NothingBeginsAgainWhenTheRootsNodeIsKilled) {
  SimulationOptions options;
  options.seeds = 30;
  options.faults.clear();
  options.nodes = kTasks + 2;
  options.slots = 1;
  options.script = KillTheRootsNode;
  std::uint64_t promotions = 0;
  options.at_end = [&](const SimulatedJob& job) -> std::string {
    promotions += job.promotions();
    if (job.promotions() == 0) return "no backup took over";
    if (job.losses() > 0) return "a task began again";
    return ResultDiffers(job);
  };
  const auto report = taskgraph::Simulate(Training(/*epochs=*/40), options);

  EXPECT_TRUE(report.ok()) << report.Describe();
  EXPECT_GT(promotions, 100U);
}

// R5-R20: whatever dies, is stopped or cut off. Only when all tasks were lost
// at once may the job end without a result, and then it says so.
TEST_F(DigitsStorm, TheResultDoesNotKnowOfAnyFailure) {
  SimulationOptions options;
  options.seeds = 30;
  options.slots = 4;
  options.at_end = [&](const SimulatedJob& job) -> std::string {
    const bool told = job.end()->code != 0 &&
                      job.end()->message.find("all tasks failed at once") !=
                          std::string::npos;
    return told ? "" : ResultDiffers(job);
  };
  const auto report = taskgraph::Simulate(Training(/*epochs=*/20), options);

  EXPECT_TRUE(report.ok()) << report.Describe();
}

}  // namespace
}  // namespace digits
