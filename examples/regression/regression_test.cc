// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "regression/results.h"
#include "regression/tasks.h"

namespace regression {
namespace {

// A folder of this test's own, gone with it.
class RegressionTest : public testing::Test {
 protected:
  RegressionTest() : folder_(testing::TempDir() + "/regression.XXXXXX") {
    if (mkdtemp(folder_.data()) == nullptr) std::abort();
  }
  ~RegressionTest() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ + "/result"; }

  // Runs the job, and returns its results, or "failed: " and why.
  std::string Run(const taskgraph::Job& job, taskgraph::Config config) const {
    config["result"] = path();
    const auto status = taskgraph::RunInProcess(job, config);
    return (status.code == 0 ? "" : "failed: ") + status.message;
  }

 private:
  std::string folder_;
};

constexpr char kExpected[] =
    "0\n105\n210\n315\n420\n525\n630\n735\n840\n945\n1050";

TEST_F(RegressionTest, TheResultsAreTheSumsOfEveryEpoch) {
  EXPECT_EQ(Run(RegressionJob(), {}), kExpected);
}

TEST_F(RegressionTest, ItWorksForTreesOfAnySize) {
  for (TaskId tasks : {1, 2, 31, 63}) {
    taskgraph::Job job = RegressionJob();
    job.SetTasks(tasks);
    const TaskId sum = tasks * (tasks - 1) / 2;
    EXPECT_EQ(Run(job, {{"epochs", "2"}}),
              "0\n" + std::to_string(sum) + "\n" + std::to_string(2 * sum));
  }
}

TEST_F(RegressionTest, ARootThatFailsChangesNothing) {  // R5, R10, R12
  EXPECT_EQ(Run(RegressionJob(), {{"root_fails", "yes"}}), kExpected);
}

TEST_F(RegressionTest, WorkersThatFailBeforeAndAfterChangeNothing) {  // R11
  for (int seed = 1; seed <= 20; ++seed) {
    const std::string result =
        Run(RegressionJob(), {{"root_fails", "yes"},
                              {"worker_fail_percent", "3"},
                              {"seed", std::to_string(seed)}});
    EXPECT_EQ(result, kExpected) << "seed " << seed;
  }
}

TEST_F(RegressionTest, AResultThatCannotBeWrittenEndsTheJobWithTheCause) {
  const auto status =
      taskgraph::RunInProcess(RegressionJob(), {{"result", "/does/not/exist"}});
  EXPECT_EQ(status.code, 1);
  EXPECT_EQ(status.message,
            "cannot open /does/not/exist: No such file or directory");
}

TEST_F(RegressionTest, AMistakeInTheConfigurationIsToldInOneLine) {
  EXPECT_EQ(Run(RegressionJob(), {{"epochs", "ten"}}),
            "failed: epochs is a number, not 'ten'");
}

TEST_F(RegressionTest, AResultWrittenTwiceIsThereOnce) {
  const Results results(path());
  results.Put(0, 0);
  results.Put(1, 105);
  results.Put(2, 210);
  results.Put(1, 105);
  EXPECT_EQ(results.UpTo(2), "0\n105\n210");
}

TEST_F(RegressionTest, AFullDiskIsAnError) {
  EXPECT_THROW(Results("/dev/full").Put(0, 0), std::runtime_error);
}

}  // namespace
}  // namespace regression
