// SPDX-License-Identifier: Apache-2.0
//
// Backups of a user's task that breaks something, as its user sees it: one
// clear line, and the job goes on while it can.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <string>

#include "driver/running_app.h"
#include "support/command.h"

namespace taskgraph::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// Two nodes, and a task that breaks `mode` and goes on until it was seen twice.
class Broken {
 public:
  explicit Broken(const std::string& mode)
      : app_({"--nodes=2", "--config=mode=" + mode,
              "--config=notes=" + (folder_ / "notes").string()},
             {}, STANDBY_APP) {}

  // A new one begins with a snapshot.
  void KillTheBackup() {
    const pid_t one = app_.NextEvent("node_started").value("pid", -1);
    const pid_t other = app_.NextEvent("node_started").value("pid", -1);
    const pid_t primary = app_.NextEvent("assigned").value("pid", -1);
    ASSERT_GT(std::min({one, other, primary}), 0);
    ASSERT_FALSE(app_.NextEvent("epoch").is_null());
    ::kill(one == primary ? other : one, SIGKILL);
  }
  void GoesOnAndSays(const std::string& line) {
    EXPECT_EQ(app_.Wait(), 0) << app_.Output();
    EXPECT_THAT(app_.Output(),
                AllOf(HasSubstr("task 0"), HasSubstr("failed: " + line),
                      HasSubstr("counted all")));
  }

 private:
  TestFolder folder_;
  RunningApp app_;
};

TEST(StandbyTest, AnHonestTaskStandsEveryComparison) {  // R15
  const CommandOutcome outcome =
      RunCommand({STANDBY_APP, "--quiet", "--nodes=3", "--backups=2",
                  "--check-backups=1", "--config=epochs=200"});

  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.output, "counted all\n");
}

TEST(StandbyTest, AStateThatChangesElsewhereIsFound) {  // R15
  const CommandOutcome outcome =
      RunCommand({STANDBY_APP, "--nodes=2", "--check-backups=1",
                  "--config=epochs=100000", "--config=mode=cheat"});

  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(
      outcome.output,
      AllOf(HasSubstr("task 0: its backup on node "),
            HasSubstr(" differs from its primary after turn "),
            HasSubstr(" (in EnterEpoch, epoch 7): byte "),
            HasSubstr(" of the snapshot is 53 on the primary and 48 on the "
                      "backup, of ")));
}

TEST(StandbyTest, AnUpdateThatThrowsOnABackupCostsThatBackup) {  // R19
  Broken app("update");
  app.GoesOnAndSays("no room for it");
}

TEST(StandbyTest, ARestoreThatThrowsCostsThatBackup) {  // R20
  Broken app("restore");
  app.KillTheBackup();
  app.GoesOnAndSays("of another version");
}

TEST(StandbyTest, ASnapshotThatThrowsCostsTheNewBackup) {  // R20
  Broken app("snapshot");
  app.KillTheBackup();
  app.GoesOnAndSays("no snapshots today");
}

}  // namespace
}  // namespace taskgraph::test
