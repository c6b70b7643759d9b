// SPDX-License-Identifier: Apache-2.0
//
// The digits example as processes, of which the root's is killed.
#include <gtest/gtest.h>
#include <signal.h>

#include "digits/model.h"
#include "driver/running_app.h"

namespace digits {
namespace {

using taskgraph::test::RunningApp;
using taskgraph::test::TestFolder;

constexpr taskgraph::TaskId kTasks = 15;
constexpr std::size_t kEpochs = 400;

// The next of them; null: none came.
nlohmann::json AssignmentOfRoot(RunningApp& app) {
  nlohmann::json event;
  do {
    event = app.NextEvent("assigned");
  } while (!event.is_null() && event.at("task") != 0);
  return event;
}

// R4, R17: each replica is alone on its node, so only the root's is lost.
TEST(DigitsProcessTest, ABackupGoesOnWhenTheRootsNodeIsKilled) {
  TestFolder folder;
  RunningApp app({"run", "--nodes=16", "--slots=1", "--quiet",
                  // On a busy machine, silence is no sign of death.
                  "--heartbeat-timeout=60s", "--session-time=60s",
                  "--config=epochs=" + std::to_string(kEpochs),
                  "--config=result=" + (folder / "tree").string()});
  const nlohmann::json first = AssignmentOfRoot(app);
  ASSERT_FALSE(first.is_null());
  nlohmann::json epoch;
  do {
    epoch = app.NextEvent("epoch");
    ASSERT_FALSE(epoch.is_null());
  } while (epoch.at("epoch") < kEpochs / 4);

  ASSERT_EQ(kill(first.at("pid"), SIGKILL), 0);

  const nlohmann::json next = app.NextEvent("took_over");
  ASSERT_FALSE(next.is_null());
  EXPECT_EQ(next.at("task"), 0);
  EXPECT_EQ(next.at("before"), first.at("node"));
  EXPECT_NE(next.at("node"), first.at("node"));
  EXPECT_EQ(app.Wait(), 0) << app.Output();
  WriteResult(folder / "sequential",
              Train(ReadRows(DIGITS_DATA), kTasks, kEpochs));
  EXPECT_EQ(folder.Read("tree"), folder.Read("sequential"));
}

}  // namespace
}  // namespace digits
