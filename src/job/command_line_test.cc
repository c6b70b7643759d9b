// SPDX-License-Identifier: Apache-2.0
#include "job/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/placement.h"
#include "job/command_checks.h"

namespace taskgraph::job {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

Job TestJob() {
  Job job("survey", 15);
  job.Build([](TaskId) { return std::unique_ptr<Task>(); });
  job.Config("epochs", "10", "the number of epochs");
  job.Config("result", "", "a file for the results");
  return job;
}

CommandLine Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "app");
  return ParseCommandLine(TestJob(), static_cast<int>(arguments.size()),
                          arguments.data());
}

RunCommand ParsedRun(const std::vector<const char*>& arguments) {
  const CommandLine line = Parse(arguments);
  if (const auto* text = std::get_if<PrintText>(&line.command)) {
    ADD_FAILURE() << text->text;
    return {};
  }
  return std::get<RunCommand>(line.command);
}

// The one line about a wrong command line.
std::string Complaint(const std::vector<const char*>& arguments) {
  const CommandLine line = Parse(arguments);
  const auto* text = std::get_if<PrintText>(&line.command);
  if (text == nullptr) return "no complaint";
  EXPECT_EQ(text->code, 2);
  EXPECT_EQ(text->text.find('\n'), text->text.size() - 1);
  EXPECT_THAT(text->text, StartsWith("taskgraph: "));
  return text->text;
}

class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    ::setenv(name, value, 1);
  }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

TEST(CommandLineTest, RunIsWhatIsMeantWithoutACommand) {
  EXPECT_GE(ParsedRun({}).nodes, 2U);
  EXPECT_EQ(ParsedRun({"--nodes", "5"}).nodes, 5U);
  EXPECT_EQ(ParsedRun({"run", "--nodes", "5"}).nodes, 5U);
  EXPECT_EQ(ParsedRun({"run", "--nodes=5"}).nodes, 5U);
}

TEST(CommandLineTest, ThereIsRoomForAllTasksOnTheNodesByDefault) {
  EXPECT_EQ(ParsedRun({"--nodes", "5"}).slots, 3U);
  EXPECT_EQ(ParsedRun({"--nodes", "4"}).slots, 4U);
  EXPECT_EQ(ParsedRun({"--nodes", "4", "--tasks", "40"}).slots, 10U);
}

TEST(CommandLineTest, WithBackupsEveryNodeHasOneSlotMore) {
  EXPECT_EQ(ParsedRun({"--nodes", "4", "--tasks", "8", "--backups", "2"}).slots,
            7U);
}

// As a controller places them: first all primaries, then the backups.
bool AllFindPlaces(std::uint32_t nodes, TaskId tasks, std::uint32_t backups) {
  core::Placement placement;
  for (std::uint32_t i = 0; i < nodes; ++i) {
    core::NodeRecord node;
    node.node = "n" + std::to_string(i);
    node.host = "here";
    node.slots = SlotsByDefault(nodes, tasks, tasks * (backups + 1ULL));
    placement.Add(node, 0);
  }
  std::vector<std::vector<std::string>> replicas;
  for (TaskId i = 0; i < tasks; ++i) {
    replicas.push_back({placement.Place("").value()});
  }
  for (auto& of_task : replicas) {
    for (std::uint32_t i = 0; i < backups; ++i) {
      const auto place = placement.PlaceBeside(of_task);
      if (!place) return false;
      of_task.push_back(*place);
    }
  }
  return true;
}

TEST(CommandLineTest, BySlotsThatNobodyChoseAllBackupsFindPlaces) {
  for (std::uint32_t backups = 1; backups <= 3; ++backups) {
    for (std::uint32_t nodes = backups + 1; nodes <= 9; ++nodes) {
      for (TaskId tasks = 1; tasks <= 64; ++tasks) {
        EXPECT_TRUE(AllFindPlaces(nodes, tasks, backups))
            << backups << " backups of " << tasks << " tasks on " << nodes;
      }
    }
  }
}

TEST(CommandLineTest, NodesWithoutRoomForAllTasksAreRefused) {
  EXPECT_THAT(Complaint({"--nodes", "3", "--slots", "2"}),
              HasSubstr("give --slots 5 or more"));
}

TEST(CommandLineTest, ThereAreNoMoreNodesThanTasksByDefault) {
  EXPECT_EQ(ParsedRun({"--tasks", "1"}).nodes, 1U);
}

TEST(CommandLineTest, NameTasksAndLimitsOfTheJobCanBeChanged) {
  const CommandLine line =
      Parse({"--name", "census", "--tasks", "7", "--max-failures", "9",
             "--session-time", "5s", "--exit-grace", "1500ms"});

  EXPECT_EQ(line.job.name(), "census");
  EXPECT_EQ(line.job.tasks(), 7U);
  const FailureOptions& failure = line.job.options().failure;
  EXPECT_EQ(failure.max_failures, 9U);
  EXPECT_EQ(failure.session_time, 5s);
  EXPECT_EQ(failure.exit_grace, 1500ms);
}

TEST(CommandLineTest, ConfigurationIsCompleteWhateverIsGiven) {
  const CommandLine line =
      Parse({"--config", "result=/tmp/a=b", "--config", "epochs=3"});

  EXPECT_EQ(line.config, (Config{{"epochs", "3"}, {"result", "/tmp/a=b"}}));
  EXPECT_EQ(Parse({}).config, (Config{{"epochs", "10"}, {"result", ""}}));
}

TEST(CommandLineTest, AnUndeclaredKeyIsRefusedWithThoseThatThereAre) {
  EXPECT_THAT(Complaint({"--config", "epoch=3"}),
              AllOf(HasSubstr("'epoch'"), HasSubstr("epochs, result")));
  EXPECT_THAT(Complaint({"--config", "epochs"}), HasSubstr("KEY=VALUE"));
}

TEST(CommandLineTest, AMistakeIsToldInOneLineThatSaysWhatWouldBeRight) {
  EXPECT_THAT(Complaint({"--nods", "3"}), HasSubstr("did you mean '--nodes'"));
  EXPECT_THAT(Complaint({"--frobnicate"}),
              AllOf(HasSubstr("'--frobnicate'"), HasSubstr("app run --help")));
  EXPECT_THAT(Complaint({"--nodes", "-1"}),
              HasSubstr("--nodes: '-1' is not a whole number from 0 to"));
  EXPECT_THAT(Complaint({"--nodes", "many"}), HasSubstr("'many'"));
  EXPECT_THAT(Complaint({"--nodes", "99999999999"}), HasSubstr("to 10000"));
  EXPECT_THAT(Complaint({"--nodes"}), HasSubstr("--nodes"));
  EXPECT_THAT(Complaint({"--tasks", "0"}), HasSubstr("from 1 to"));
  EXPECT_THAT(Complaint({"--session-time", "3"}), HasSubstr("2s"));
  EXPECT_THAT(Complaint({"--session-time", "9000h"}),
              HasSubstr("'9000h' is too long; give at most 8760h"));
  EXPECT_THAT(Complaint({"--heartbeat-timeout", "150ms"}),
              HasSubstr("--heartbeat-interval"));
  EXPECT_THAT(Complaint({"--log-level", "loud"}), HasSubstr("warning"));
  EXPECT_THAT(Complaint({"--name", "a/b"}), HasSubstr("'a/b'"));
  EXPECT_THAT(Complaint({"walk"}), HasSubstr("run, node and controller"));
  EXPECT_THAT(Complaint({"run", "fast"}), HasSubstr("'fast'"));
  EXPECT_THAT(Complaint({"node"}), HasSubstr("--coordinator"));
}

TEST(CommandLineTest, ASessionLastsAsLongAsItsCoordinatorCanCount) {
  EXPECT_EQ(Parse({"--session-time", "1s"}).job.options().failure.session_time,
            1s);
  for (const char* wrong : {"1500ms", "999ms", "1.5s"}) {
    EXPECT_THAT(Complaint({"--session-time", wrong}),
                HasSubstr("whole number of seconds from 1s (with "
                          "--coordinator: 2s) to 8760h"));
  }
  EXPECT_THAT(Complaint({"--coordinator", "a:1", "--session-time", "1s"}),
              HasSubstr("etcd takes 2s or more"));
  EXPECT_THAT(
      Complaint({"controller", "--coordinator", "a:1", "--session-time", "1s"}),
      HasSubstr("etcd takes 2s or more"));
}

TEST(CommandLineTest, AListIsSplitAtItsCommasAndNowhereElse) {
  using Strings = std::vector<std::string>;
  EXPECT_EQ(ParsedRun({"--coordinator", "a:1,b:2"}).coordinator,
            (Strings{"a:1", "b:2"}));
  EXPECT_EQ(ParsedRun({"--coordinator=a:1", "--coordinator=b:2"}).coordinator,
            (Strings{"a:1", "b:2"}));
  // Endpoints without a name, for whoever reads them to complain about.
  EXPECT_EQ(ParsedRun({"--coordinator", ",", "--nodes=3"}).coordinator,
            (Strings{"", ""}));
  EXPECT_EQ(ParsedRun({"--coordinator", "a:1,"}).coordinator,
            (Strings{"a:1", ""}));
}

TEST(CommandLineTest, WhatIsOfNoUseInOneProcessIsRefused) {
  EXPECT_EQ(ParsedRun({"--nodes", "0", "--spares", "0"}).slots, 15U);
  for (const char* option :
       {"--slots=15", "--spares=1", "--coordinator=a:1",
        "--listen-coordinator=a:1", "--token-file=a", "--restarts-max=1",
        "--wait=1s", "--busy-poll=1us"}) {
    const std::string name(option, std::strchr(option, '='));
    EXPECT_THAT(Complaint({"--nodes", "0", option}),
                HasSubstr(name + " is of no use with --nodes 0"));
  }
}

TEST(CommandLineTest, MembersListenWhereOthersCanReachThem) {
  for (const char* command : {"node", "controller"}) {
    for (const char* wrong :
         {"here", "tcp:here", "tcp:here:65536", "inproc:here"}) {
      EXPECT_THAT(Complaint({command, "--coordinator=a:1", "--listen", wrong}),
                  AllOf(HasSubstr("--listen"), HasSubstr(wrong),
                        HasSubstr("tcp:HOST:PORT")));
    }
  }
  const std::string folder(200, 'x');
  EXPECT_THAT(Complaint({"node", "--coordinator=a:1", "--socket-folder",
                         folder.c_str()}),
              HasSubstr("shorter directory"));
}

TEST(CommandLineTest, WhatOthersCanReachIsSealedOrSaidToBeInsecure) {
  for (const char* open : {"tcp:0.0.0.0:0", "tcp:10.1.2.3:7000", "tcp:[::]:0",
                           "tcp:host.example:7000"}) {
    for (const char* command : {"node", "controller"}) {
      EXPECT_THAT(Complaint({command, "--coordinator=a:1", "--listen", open}),
                  AllOf(HasSubstr("--listen"), HasSubstr("--tls-cert"),
                        HasSubstr("--insecure")));
      for (const std::vector<const char*>& with :
           {std::vector<const char*>{"--insecure"},
            {"--tls-cert=c", "--tls-key=k", "--tls-ca=a"}}) {
        std::vector<const char*> arguments = {command, "--coordinator=a:1",
                                              "--listen", open};
        arguments.insert(arguments.end(), with.begin(), with.end());
        EXPECT_FALSE(
            std::holds_alternative<PrintText>(Parse(arguments).command));
      }
    }
  }
  EXPECT_THAT(Complaint({"--listen-coordinator", "0.0.0.0:2379"}),
              HasSubstr("--listen-coordinator: other machines reach 0.0.0.0"));
}

TEST(CommandLineTest, WhatBelongsTogetherIsGivenTogether) {
  EXPECT_THAT(Complaint({"--tls-cert=c"}), HasSubstr("give all three"));
  EXPECT_THAT(Complaint({"--tls-key=k", "--tls-ca=a"}),
              HasSubstr("give all three"));
  EXPECT_THAT(Complaint({"--etcd-user=u"}), HasSubstr("give both"));
  EXPECT_THAT(Complaint({"--coordinator=https://a:1"}),
              AllOf(HasSubstr("https://a:1"), HasSubstr("--tls-ca")));
  EXPECT_THAT(Complaint({"--coordinator=a:1", "--etcd-user=u",
                         "--etcd-password-file=p"}),
              HasSubstr("in the clear"));
}

TEST(CommandLineTest, AServerListensAtAnAddress) {
  for (const char* right : {"127.0.0.1:0", "[::1]:2379", "unix:/tmp/x"}) {
    EXPECT_EQ(ParsedRun({"--listen-coordinator", right}).listen_coordinator,
              right);
  }
  for (const char* wrong :
       {"here", "here:", ":1", "here:65536", "here:x", "::1:2379", "unix:"}) {
    EXPECT_THAT(Complaint({"--listen-coordinator", wrong}),
                AllOf(HasSubstr("'" + std::string(wrong) + "'"),
                      HasSubstr("HOST:PORT")));
  }
}

TEST(CommandLineTest, TheEnvironmentOverridesDefaultsAndFlagsOverrideBoth) {
  const Variable nodes("TASKGRAPH_NODES", "7");
  const Variable name("TASKGRAPH_JOB", "census");

  EXPECT_EQ(ParsedRun({}).nodes, 7U);
  EXPECT_EQ(ParsedRun({"--nodes", "5"}).nodes, 5U);
  EXPECT_EQ(Parse({}).job.name(), "census");
}

TEST(CommandLineTest, AMistakeInTheEnvironmentIsToldToo) {
  const Variable nodes("TASKGRAPH_NODES", "seven");

  EXPECT_THAT(Complaint({}), HasSubstr("'seven'"));
}

TEST(CommandLineTest, ANodeIsDescribedByFlags) {
  const CommandLine line =
      Parse({"node", "--coordinator", "a:2379,b:2379", "--coordinator",
             "c:2379", "--node-id", "n1", "--slots", "4", "--spare", "--listen",
             "tcp:10.0.0.1:7000", "--insecure", "--socket-folder", "/run",
             "--wait", "0s", "--busy-poll", "50us"});

  const auto& node = std::get<NodeCommand>(line.command);
  EXPECT_THAT(node.coordinator, ElementsAre("a:2379", "b:2379", "c:2379"));
  EXPECT_EQ(node.node_id, "n1");
  EXPECT_EQ(node.slots, 4U);
  EXPECT_EQ(node.reserve, 1U);
  EXPECT_THAT(node.listen,
              ElementsAre("unix:/run/n1.sock", "tcp:10.0.0.1:7000"));
  EXPECT_EQ(node.wait, 0s);
  EXPECT_EQ(node.busy_poll, 50us);
}

TEST(CommandLineTest, ANodeIsDescribedByTheEnvironmentAsWell) {
  const Variable coordinator("TASKGRAPH_COORDINATOR", "a:2379,b:2379");
  const Variable id("TASKGRAPH_NODE", "pod-3");

  const CommandLine line = Parse({"node"});

  const auto& node = std::get<NodeCommand>(line.command);
  EXPECT_THAT(node.coordinator, ElementsAre("a:2379", "b:2379"));
  EXPECT_EQ(node.node_id, "pod-3");
  EXPECT_THAT(node.listen, ElementsAre("tcp:127.0.0.1:0"));
}

TEST(CommandLineTest, EachNodeHasANameOfItsOwnByDefault) {
  const auto name = [] {
    return std::get<NodeCommand>(
               Parse({"node", "--coordinator", "a:1"}).command)
        .node_id;
  };

  EXPECT_NE(name(), name());
}

TEST(CommandLineTest, AControllerTakesTheJobsOptions) {
  const CommandLine line =
      Parse({"controller", "--coordinator", "a:2379", "--nodes-expected", "5",
             "--config", "epochs=3", "--max-failures", "1"});

  EXPECT_EQ(std::get<ControllerCommand>(line.command).nodes_expected, 5U);
  EXPECT_EQ(line.config.at("epochs"), "3");
  EXPECT_EQ(line.job.options().failure.max_failures, 1U);
}

TEST(CommandLineTest, HelpIsNoMistakeAndNamesOptionsAndKeys) {
  const auto help = [](const std::vector<const char*>& arguments) {
    const CommandLine line = Parse(arguments);
    const auto& text = std::get<PrintText>(line.command);
    EXPECT_EQ(text.code, 0);
    return text.text;
  };

  EXPECT_THAT(help({"--help"}), HasSubstr("controller"));
  EXPECT_THAT(help({"run", "--help"}),
              AllOf(HasSubstr("--spares"), HasSubstr("epochs=10")));
  EXPECT_THAT(help({"node", "--help"}), HasSubstr("--socket-folder"));
  EXPECT_THAT(help({"controller", "-h"}), HasSubstr("--nodes-expected"));
  EXPECT_THAT(help({"--version"}),
              AllOf(StartsWith("survey (TaskGraph "), EndsWith(")\n")));
}

}  // namespace
}  // namespace taskgraph::job
