// SPDX-License-Identifier: Apache-2.0
//
// What stands at the coordinator is taken as it stands, or not at all.
#include "coordination/job_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace taskgraph::coordination {
namespace {

using testing::SizeIs;

JobSpec Spec(const std::string& instance, TaskId tasks = 3) {
  JobSpec spec;
  spec.instance = instance;
  spec.tasks = tasks;
  spec.links = "ring:1";
  return spec;
}

// `text` with the first `what` replaced.
std::string With(std::string text, const std::string& what,
                 const std::string& by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what << " in " << text;
  return text.replace(at, what.size(), by);
}

TEST(JobRecordsTest, SettingsThatDifferAreNamed) {
  JobSpec mine = Spec("one");
  JobSpec theirs = Spec("two");
  EXPECT_THAT(DifferingSettings(mine, theirs), SizeIs(0));

  mine.config = {{"epochs", "3"}, {"rate", "1"}};
  theirs.config = {{"epochs", "4"}, {"rate", "1"}, {"seed", "7"}};
  mine.options.failure.max_failures = 9;
  mine.nodes_expected = 2;
  EXPECT_THAT(DifferingSettings(mine, theirs),
              testing::ElementsAre("config epochs", "config seed",
                                   "max_failures", "nodes_expected"));
}

TEST(JobRecordsTest, WhatIsWrittenIsReadBack) {
  const core::Assignment assignment{
      7, 3, "node", {"b1", "b2"}, 2, "why \"so\"?"};
  EXPECT_EQ(DecodeAssignment(Encode(assignment)), assignment);
  const core::NodeRecord node{"n", "h", 5, 1, {"tcp:h:1", "unix:/x"}};
  EXPECT_EQ(DecodeNode(Encode(node)), node);
  const core::JobEnd end{ExitReason::kKilled, {130, "stopped"}};
  EXPECT_EQ(DecodeEnd(Encode(end)), end);
  EXPECT_EQ(DecodeSpec(Encode(Spec("x", 9)))->tasks, 9U);
}

TEST(JobRecordsTest, WhatIsNoRecordIsNone) {
  for (const char* text :
       {"", "7", "null", "[]", "{", "{\"term\":-1}", "\xff"}) {
    EXPECT_FALSE(DecodeAssignment(text)) << text;
    EXPECT_FALSE(DecodeSpec(text)) << text;
    EXPECT_FALSE(DecodeNode(text)) << text;
    EXPECT_FALSE(DecodeEnd(text)) << text;
    EXPECT_FALSE(DecodeEpoch(text)) << text;
  }
}

TEST(JobRecordsTest, NumbersThatAreNotOfTheirKindAreRefused) {
  const std::string epoch = Encode(core::EpochAdvanced{1, 15});
  EXPECT_TRUE(DecodeEpoch(epoch));

  for (const char* wrong : {"-1", "1.5", "1e300", "true", "\"15\"", "null",
                            "18446744073709551616"}) {
    EXPECT_FALSE(DecodeEpoch(With(epoch, "15", wrong))) << wrong;
  }
  EXPECT_TRUE(DecodeEpoch(With(epoch, "15", "18446744073709551615")));
}

TEST(JobRecordsTest, SmallNumbersKeepToTheirSize) {
  const std::string end = Encode(core::JobEnd{ExitReason::kFailed, {77, ""}});

  EXPECT_EQ(DecodeEnd(With(end, "77", "-77"))->status.code, -77);
  EXPECT_FALSE(DecodeEnd(With(end, "77", "2147483648")));
  EXPECT_FALSE(DecodeEnd(With(end, "77", "-2147483649")));
}

TEST(JobRecordsTest, TimesOfNoUseAreRefused) {
  const std::string spec = Encode(JobSpec{});
  const std::string time = "\"heartbeat_timeout_ms\":1000";
  EXPECT_TRUE(DecodeSpec(spec));

  EXPECT_FALSE(DecodeSpec(With(spec, time, "\"heartbeat_timeout_ms\":-1")));
  EXPECT_FALSE(DecodeSpec(
      With(spec, time, "\"heartbeat_timeout_ms\":9223372036854775807")));
}

TEST(JobRecordsTest, BackupsOfWhatIsNoTaskAreRefused) {
  JobSpec spec;
  spec.options.backups.of[12] = 1;
  EXPECT_EQ(DecodeSpec(Encode(spec))->options.backups, spec.options.backups);

  EXPECT_FALSE(DecodeSpec(With(Encode(spec), "\"12\"", "\"12th\"")));
}

}  // namespace
}  // namespace taskgraph::coordination
