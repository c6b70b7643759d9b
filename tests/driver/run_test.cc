// SPDX-License-Identifier: Apache-2.0
//
// `run`, as its user sees it: processes, signals, exit codes and lines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <set>
#include <string>
#include <vector>

#include "driver/running_app.h"
#include "support/command.h"

namespace taskgraph::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using testing::UnorderedElementsAre;

CommandOutcome RunApp(std::vector<std::string> arguments,
                      const std::vector<std::string>& environment = {}) {
  arguments.insert(arguments.begin(), DRIVER_APP);
  return RunCommand(arguments, {}, environment);
}

std::multiset<std::string> Lines(const std::string& text) {
  std::multiset<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.insert(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// Until all four tasks have begun; returns the process of task 1.
pid_t WaitUntilAllPlay(RunningApp& app) {
  pid_t pid = -1;
  for (int i = 0; i < 4; ++i) {
    const nlohmann::json assigned = app.NextEvent("assigned");
    if (assigned.is_null()) return -1;
    if (assigned.at("task") == 1) pid = assigned.at("pid");
  }
  while (true) {
    const nlohmann::json epoch = app.NextEvent("epoch");
    if (epoch.is_null()) return -1;
    if (epoch.at("epoch") == 4) return pid;
  }
}

TEST(RunTest, ASuccessfulJobSaysWhatItHasToSayAndNothingElse) {
  const CommandOutcome outcome = RunApp({});

  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.output, "the end\n");
}

TEST(RunTest, TheJobsOwnCodeAndReasonAreTold) {
  const CommandOutcome outcome = RunApp({"--config", "code=7"});

  EXPECT_EQ(outcome.exit_code, 7);
  EXPECT_EQ(outcome.output,
            "taskgraph: job 'driver-app' ended with code 7: the end\n");
}

TEST(RunTest, ACodeThatNoProcessCanGiveIsStillAFailure) {
  EXPECT_EQ(RunApp({"--config", "code=256"}).exit_code, 1);
}

// Longer than what carries metas takes by itself.
TEST(RunTest, AMetaMayBeAsLongAsTheJobAllows) {  // R10
  const CommandOutcome outcome = RunApp({"--config=mode=long-meta"});

  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_EQ(outcome.output, "3145728\n");
}

TEST(RunTest, OneProcessDoesAllWithoutNodes) {
  EXPECT_EQ(RunApp({"--nodes", "0", "--config", "mode=count"}).exit_code, 0);

  const CommandOutcome outcome = RunApp({"--nodes", "0", "--config", "code=7"});

  EXPECT_EQ(outcome.exit_code, 7);
  EXPECT_EQ(outcome.output,
            "taskgraph: job 'driver-app' ended with code 7: the end\n");
}

TEST(RunTest, AWrongCommandLineExitsWithTwoAndOneLine) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--frobnicate"},
        {"--config", "speed=9"},
        {"--nodes", "-1"},
        {"--coordinator", "ftp://somewhere"},
        {"--coordinator", "127.0.0.1:99999"}}) {
    const CommandOutcome outcome = RunApp(arguments);

    EXPECT_EQ(outcome.exit_code, 2) << outcome.output;
    EXPECT_THAT(outcome.output, StartsWith("taskgraph: "));
    EXPECT_EQ(Lines(outcome.output).size(), 1U) << outcome.output;
  }
}

TEST(RunTest, AMistakeOfTheApplicationIsToldBeforeAnythingIsStarted) {
  const CommandOutcome links = RunApp({}, {"DRIVER_APP_BAD_LINKS=1"});
  EXPECT_EQ(links.exit_code, 2);
  EXPECT_THAT(links.output, AllOf(HasSubstr("nowhere"), HasSubstr("99")));

  const CommandOutcome twice = RunApp({}, {"DRIVER_APP_LINKS_TWICE=1"});
  EXPECT_EQ(twice.exit_code, 2);
  EXPECT_EQ(twice.output,
            "taskgraph: Job::Link: there is a link type 'ring' already; give "
            "this one another name\n");

  const CommandOutcome builder = RunApp({}, {"DRIVER_APP_NO_BUILDER=1"});
  EXPECT_EQ(builder.exit_code, 2);
  EXPECT_THAT(builder.output, HasSubstr("Job::Build"));
}

TEST(RunTest, EventsTellTheStoryInOrder) {
  RunningApp app({"--nodes", "2", "--config", "mode=count"});

  EXPECT_FALSE(app.NextEvent("node_started").is_null());
  EXPECT_FALSE(app.NextEvent("node_joined").is_null());
  EXPECT_FALSE(app.NextEvent("assigned").is_null());
  for (int epoch = 1; epoch <= 100; ++epoch) {
    ASSERT_EQ(app.NextEvent("epoch").value("epoch", -1), epoch);
  }
  const nlohmann::json ended = app.NextEvent("ended");
  EXPECT_EQ(ended.at("code"), 0);
  EXPECT_EQ(ended.at("message"), "counted to 100");
  EXPECT_EQ(app.Wait(), 0);
  EXPECT_FALSE(app.LeftSomethingBehind());
}

TEST(RunTest, AnInterruptEndsTheJobInOrder) {  // R24
  TestFolder folder;
  const std::string exits = folder / "exits";
  RunningApp app({"--config", "mode=idle", "--config", "exits=" + exits});
  ASSERT_GT(WaitUntilAllPlay(app), 0);

  app.Signal(SIGINT);

  EXPECT_EQ(app.Wait(), 130);
  EXPECT_THAT(
      Lines(folder.Read("exits")),
      UnorderedElementsAre("0 killed", "1 killed", "2 killed", "3 killed"));
  EXPECT_THAT(app.Output(), HasSubstr("SIGINT"));
  EXPECT_FALSE(app.LeftSomethingBehind());
}

TEST(RunTest, ATerminationEndsAJobOfOneProcessToo) {
  RunningApp app({"--nodes", "0", "--config", "mode=idle"});
  ASSERT_FALSE(app.NextEvent("assigned").is_null());

  app.Signal(SIGTERM);

  EXPECT_EQ(app.Wait(), 143);
}

TEST(RunTest, AStopFromTheTerminalStopsNodesToo) {
  RunningApp app({"--config", "mode=idle", "--exit-grace", "1h"});
  ASSERT_GT(WaitUntilAllPlay(app), 0);

  app.Signal(SIGTSTP);
  ASSERT_TRUE(app.WaitUntilStopped());
  app.Signal(SIGCONT);
  app.Signal(SIGINT);

  // It would not end if its nodes stood still.
  EXPECT_EQ(app.Wait(), 130);
}

TEST(RunTest, ASecondSignalDoesNotWaitForATaskThatHangs) {
  RunningApp app({"--config", "mode=hang", "--exit-grace", "1h"});
  ASSERT_GT(WaitUntilAllPlay(app), 0);

  app.Signal(SIGINT);
  app.Signal(SIGTERM);

  EXPECT_EQ(app.Wait(), 130);
  EXPECT_FALSE(app.LeftSomethingBehind());
}

TEST(RunTest, TheEndDoesNotWaitLongerThanTheGraceForATaskThatHangs) {  // R24
  RunningApp app({"--config", "mode=hang", "--exit-grace", "100ms"});
  ASSERT_GT(WaitUntilAllPlay(app), 0);

  app.Signal(SIGTERM);

  EXPECT_EQ(app.Wait(), 143);
  EXPECT_THAT(app.Output(), HasSubstr("task 1 has not returned"));
}

TEST(RunTest, AKilledNodeIsReplacedAndTheJobCompletes) {  // R5, R21
  RunningApp app({"--nodes", "2", "--config", "mode=recover"});
  const pid_t victim = WaitUntilAllPlay(app);
  ASSERT_GT(victim, 0);

  ::kill(victim, SIGKILL);

  const nlohmann::json lost = app.NextEvent("node_lost");
  ASSERT_FALSE(lost.is_null());
  EXPECT_EQ(lost.at("pid"), victim);
  EXPECT_EQ(lost.at("reason"), "signal 9 (Killed)");
  EXPECT_FALSE(app.NextEvent("recovered").is_null());
  EXPECT_THAT(app.NextEvent("ended").at("message").get<std::string>(),
              HasSubstr("recovered"));
  EXPECT_EQ(app.Wait(), 0);
}

TEST(RunTest, ASpareTakesOverWhileAReplacementIsStarted) {  // R5
  RunningApp app({"--nodes", "2", "--spares", "1", "--config", "mode=recover"});
  std::string spare;
  for (int i = 0; i < 3; ++i) {
    const nlohmann::json joined = app.NextEvent("node_joined");
    ASSERT_FALSE(joined.is_null());
    if (joined.at("reserve") == 1) spare = joined.at("node");
  }
  const pid_t victim = WaitUntilAllPlay(app);

  ::kill(victim, SIGKILL);

  EXPECT_EQ(app.NextEvent("recovered").value("node", ""), spare);
  EXPECT_EQ(app.Wait(), 0);
}

TEST(RunTest, NodesDoNotOutliveALauncherThatIsKilled) {
  RunningApp app({"--nodes", "3", "--config", "mode=idle"});
  std::vector<Witness> witnesses;
  for (int i = 0; i < 3; ++i) {
    const nlohmann::json started = app.NextEvent("node_started");
    ASSERT_FALSE(started.is_null());
    witnesses.emplace_back(started.at("pid").get<pid_t>());
  }
  ASSERT_GT(WaitUntilAllPlay(app), 0);

  app.Signal(SIGKILL);

  for (const Witness& witness : witnesses) EXPECT_TRUE(witness.SeesTheEnd());
  EXPECT_EQ(app.Wait(), -SIGKILL);
}

TEST(RunTest, NodesThatDieBeforeTheyJoinEndTheJob) {
  RunningApp app({"--nodes", "2"}, {"DRIVER_APP_NODES_DIE=1"});

  EXPECT_EQ(app.Wait(), 1);
  EXPECT_THAT(app.Output(),
              AllOf(HasSubstr("before they joined"), HasSubstr("exit code 3")));
}

// All are replaced; only --restarts-max sets an end.
TEST(RunTest, NodesThatAreKilledBeforeTheyJoinAreNotTakenForBroken) {
  RunningApp app({"--nodes", "2", "--restarts-max", "20"},
                 {"DRIVER_APP_NODES_KILLED=1"});

  EXPECT_EQ(app.Wait(), 1);
  EXPECT_THAT(app.Output(), AllOf(HasSubstr("after 20 replacements"),
                                  HasSubstr("signal 9 (Killed)")));
}

TEST(RunTest, TooManyLostNodesEndTheJob) {
  RunningApp app({"--restarts-max", "2", "--config", "mode=crash"});

  EXPECT_EQ(app.Wait(), 1);
  EXPECT_THAT(app.Output(), AllOf(HasSubstr("after 2 replacements"),
                                  HasSubstr("signal 6 (Aborted)")));
}

TEST(RunTest, ATaskThatFailsAgainAndAgainEndsTheJobByName) {  // R23
  RunningApp app({"--max-failures", "1", "--config", "mode=throw"});

  EXPECT_EQ(app.NextEvent("task_failed").value("task", -1), 2);
  EXPECT_EQ(app.Wait(), 1);
  EXPECT_THAT(app.Output(),
              AllOf(HasSubstr("task 2 failed 2 times"), HasSubstr("no luck")));
}

TEST(RunTest, ACallbackThatNeverReturnsFailsItsTaskOnly) {  // R23
  RunningApp app({"--turn-deadline", "300ms", "--config", "mode=stick"});

  const nlohmann::json failed = app.NextEvent("task_failed");
  EXPECT_EQ(failed.value("task", -1), 2);
  EXPECT_EQ(app.NextEvent("recovered").value("task", -1), 2);
  EXPECT_EQ(app.Wait(), 0) << app.Output();
  EXPECT_THAT(app.Output(), HasSubstr("did not return within 300 ms"));
}

TEST(RunTest, AFullDiskForLogAndEventsDoesNotHarmTheJob) {
  const CommandOutcome outcome = RunApp(
      {"--events=/dev/full", "--log-file=/dev/full", "--log-level=info"});

  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.output, HasSubstr("some events are missing"));
  EXPECT_THAT(outcome.output,
              HasSubstr("taskgraph: warning: some lines of the log are lost: "
                        "Failed flush to file /dev/full: No space left on "
                        "device\n"));
}

TEST(RunTest, AFullDiskForResultsIsAFailure) {
  const std::string app = DRIVER_APP;
  for (const std::string arguments :
       {"", "--nodes 0", "--help", "--config mode=print"}) {
    const CommandOutcome outcome =
        RunCommand({"/bin/sh", "-c", app + " " + arguments + " >/dev/full"});

    EXPECT_EQ(outcome.exit_code, 74) << arguments;
    EXPECT_THAT(outcome.output,
                StartsWith("taskgraph: can't write to stdout, some of what was "
                           "printed is lost: No space left on device\n"));
  }
  const CommandOutcome closed = RunCommand({"/bin/sh", "-c", app + " >&-"});
  EXPECT_EQ(closed.exit_code, 74);
  EXPECT_THAT(closed.output, HasSubstr("Bad file descriptor"));

  // A failure stays what it is.
  const CommandOutcome failed =
      RunCommand({"/bin/sh", "-c",
                  app + " --config mode=print --config code=7 >/dev/full"});
  EXPECT_EQ(failed.exit_code, 7);
}

TEST(RunTest, FilesThatCannotBeOpenedAreTold) {
  EXPECT_THAT(RunApp({"--events=/nowhere/events"}).output,
              HasSubstr("/nowhere/events: No such file or directory"));
  EXPECT_THAT(RunApp({"--log-file=/dev/null/log"}).output,
              HasSubstr("can't open the log file /dev/null/log"));
  EXPECT_THAT(RunApp({"--token-file=/nowhere/token"}).output,
              HasSubstr("can't read the token file /nowhere/token"));
}

TEST(RunTest, ATokenFileWithoutAnEndIsRefused) {
  const CommandOutcome outcome = RunApp({"--token-file=/dev/zero"});

  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.output,
            "taskgraph: the token file /dev/zero has more than 4096 bytes; "
            "give a file with a short secret\n");
}

TEST(RunTest, AnAddressWhereNobodyCanListenIsNamed) {
  const CommandOutcome malformed = RunApp({"--listen-coordinator", "here"});
  EXPECT_EQ(malformed.exit_code, 2);
  EXPECT_THAT(malformed.output, HasSubstr("'here' is neither HOST:PORT"));

  RunningApp first(
      {"--listen-coordinator", "127.0.0.1:0", "--config", "mode=idle"});
  ASSERT_FALSE(first.NextEvent("assigned").is_null());
  const std::string line = first.Output();
  const std::size_t begin = line.find("127.0.0.1:");
  ASSERT_NE(begin, std::string::npos);
  const std::string used = line.substr(begin, line.find(' ', begin) - begin);

  const CommandOutcome second = RunApp({"--listen-coordinator", used});

  EXPECT_EQ(second.exit_code, 1);
  EXPECT_EQ(second.output, "taskgraph: cannot listen at " + used +
                               ": Address already in use\n");
}

TEST(RunTest, TheTokenIsInNoCommandLineAndNoLog) {
  TestFolder folder;
  folder.Write("token", "open-sesame");
  RunningApp app({"--token-file", folder / "token", "--log-level", "debug",
                  "--config", "mode=idle"});
  const pid_t node = WaitUntilAllPlay(app);
  ASSERT_GT(node, 0);

  const std::string process = "/proc/" + std::to_string(node);
  for (const char* file : {"/cmdline", "/environ"}) {
    const std::string text = RunCommand({"/bin/cat", process + file}).output;
    EXPECT_THAT(text, Not(HasSubstr("open-sesame")));
    EXPECT_THAT(text, Not(IsEmpty()));
  }
  app.Signal(SIGINT);
  app.Wait();
  EXPECT_THAT(app.Output(), Not(HasSubstr("open-sesame")));
}

TEST(RunTest, NodesAreToldHowLongToLookOutForMessages) {
  RunningApp app({"--busy-poll", "20us", "--config", "mode=idle"});
  const pid_t node = WaitUntilAllPlay(app);
  ASSERT_GT(node, 0);

  EXPECT_THAT(
      RunCommand({"/bin/cat", "/proc/" + std::to_string(node) + "/cmdline"})
          .output,
      HasSubstr("--busy-poll=20us"));
  app.Signal(SIGINT);
  EXPECT_EQ(app.Wait(), 128 + SIGINT);
}

}  // namespace
}  // namespace taskgraph::test
