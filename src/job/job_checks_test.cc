// SPDX-License-Identifier: Apache-2.0
#include "runtime/job_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace taskgraph::job {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::unique_ptr<Task> NoTask(TaskId) { return nullptr; }

Job GoodJob() {
  Job job("survey", 4);
  job.Link("ring", Ring()).Build(NoTask).Config("speed", "1", "how fast");
  return job;
}

// What RunInProcess says about it.
std::string Complaint(const Job& job) {
  try {
    RunInProcess(job);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no complaint";
}

TEST(JobChecksTest, TheFirstMistakeOfADeclarationIsToldWhenTheJobIsRun) {
  const Job good = GoodJob();
  EXPECT_EQ(good.mistake(), "");

  EXPECT_THAT(Complaint(Job(good).Link("ring", Star())),
              AllOf(HasSubstr("a link type 'ring' already"),
                    HasSubstr("another name")));
  EXPECT_THAT(Complaint(Job(good).Link("", Star())), HasSubstr("needs a name"));
  EXPECT_THAT(Complaint(Job(good).Config("speed", "2", "")),
              HasSubstr("a key 'speed' already"));
  EXPECT_THAT(Complaint(Job(good).Config("a=b", "", "")),
              HasSubstr("'a=b' must have a name, without '='"));
  EXPECT_THAT(Complaint(Job(good).Build(NoTask)),
              HasSubstr("a builder already"));
  EXPECT_THAT(Complaint(Job("survey", 4).Build(TaskBuilder())),
              HasSubstr("the function is empty"));
  EXPECT_THAT(Complaint(Job("survey", 4)), HasSubstr("call Job::Build"));

  Job two = good;
  two.Config("speed", "2", "").Link("ring", Star());
  EXPECT_THAT(Complaint(two), HasSubstr("speed"));
}

TEST(JobChecksTest, AJobHasAProperNameAndAPossibleNumberOfTasks) {
  EXPECT_THAT(Complaint(Job("a/b", 4)), HasSubstr("'a/b' must have 1..100"));
  EXPECT_THAT(Complaint(Job("survey", 0)), HasSubstr("1..10000000 tasks"));
  EXPECT_THAT(Complaint(Job("survey", static_cast<TaskId>(-1))),
              AllOf(HasSubstr("1..10000000 tasks, not 4294967295"),
                    HasSubstr("negative")));
}

TEST(JobChecksTest, AnImpossibleTopologyIsToldWithTheNameOfItsLinkType) {
  EXPECT_THAT(Complaint(GoodJob().Link("parents", TreeParents(0))),
              AllOf(HasSubstr("parents"), HasSubstr("must be >= 1")));
  EXPECT_THAT(Complaint(GoodJob().Link(
                  "far", [](TaskId, Epoch) -> TaskList { return {4}; })),
              AllOf(HasSubstr("'far' names task 4"), HasSubstr("tasks 0..3")));
}

TEST(JobChecksTest, OptionsThatAreSetInCodeAreCheckedAsWell) {
  using namespace std::chrono_literals;
  const auto complaint = [](auto set) {
    Job job = GoodJob();
    set(job.options().failure);
    return Complaint(job);
  };

  EXPECT_THAT(complaint([](auto& failure) { failure.exit_grace = -1s; }),
              HasSubstr("exit_grace: -1s is not a time from 0s to 8760h"));
  EXPECT_THAT(complaint([](auto& failure) { failure.session_time = 0s; }),
              HasSubstr("session_time"));
  EXPECT_THAT(complaint([](auto& failure) { failure.session_time = 1500ms; }),
              HasSubstr("1500ms is not a whole number of seconds"));
  EXPECT_THAT(complaint([](auto& failure) { failure.backoff_max = 1ms; }),
              HasSubstr("backoff_max: 1ms is not a time from 5ms"));
}

}  // namespace
}  // namespace taskgraph::job
