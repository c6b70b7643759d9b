// SPDX-License-Identifier: Apache-2.0
#include "storm/vigil.h"

#include <gtest/gtest.h>

#include <fstream>

#include "support/program.h"

namespace taskgraph::storm {
namespace {

using Json = nlohmann::json;

std::string KindOf(AlarmReader& reader, const std::string& event) {
  return reader.Read(Json::parse(event));
}

constexpr char kStarted[] = R"({"event": "node_started", "node": "a"})";
constexpr char kJoined[] = R"({"event": "node_joined", "node": "a"})";

TEST(VigilTest, TheCourseOfAnUndisturbedJobIsNoAlarm) {
  AlarmReader reader(/*nodes=*/1);
  for (const char* event :
       {kStarted, kJoined,
        R"({"event": "assigned", "task": 0, "incarnation": 1, "term": 1})",
        R"({"event": "backups", "task": 0, "nodes": ["b"]})",
        R"({"event": "backups", "task": 0, "nodes": ["c", "b"]})",
        R"({"event": "epoch", "epoch": 7})",
        R"({"event": "ended", "code": 0, "message": ""})"}) {
    EXPECT_EQ(KindOf(reader, event), "") << event;
  }
  EXPECT_EQ(reader.epoch(), 7u);
}

TEST(VigilTest, EveryReactionToAFailureIsAnAlarm) {
  AlarmReader reader(/*nodes=*/1);
  EXPECT_EQ(KindOf(reader, kStarted), "");
  EXPECT_EQ(KindOf(reader, kStarted), "node replaced");
  EXPECT_EQ(KindOf(reader, kJoined), "");
  EXPECT_EQ(KindOf(reader, kJoined), "node came back");
  EXPECT_EQ(KindOf(reader, R"({"event": "took_over", "task": 0})"),
            "promotion");
  EXPECT_EQ(
      KindOf(reader, R"({"event": "assigned", "task": 0, "incarnation": 2})"),
      "loss of state");
  EXPECT_EQ(KindOf(reader, R"({"event": "node_lost", "node": "a",
                "reason": "its session at the coordinator ended"})"),
            "session lost");
  EXPECT_EQ(KindOf(reader, R"({"event": "node_lost", "node": "a",
                "reason": "nobody listens at its address"})"),
            "suspicion confirmed");
  EXPECT_EQ(KindOf(reader, R"({"event": "task_failed", "task": 0})"),
            "task failed");
}

TEST(VigilTest, ABackupThatIsGivenUpIsAnAlarmAndOneMoreIsNot) {
  AlarmReader reader(/*nodes=*/3);
  EXPECT_EQ(
      KindOf(reader, R"({"event": "backups", "task": 4, "nodes": ["a", "b"]})"),
      "");
  EXPECT_EQ(
      KindOf(reader, R"({"event": "backups", "task": 5, "nodes": ["a"]})"), "");
  EXPECT_EQ(
      KindOf(reader, R"({"event": "backups", "task": 4, "nodes": ["a"]})"),
      "backup given up");
}

TEST(VigilTest, AFileIsReadOnFromWhereItWasCompleteLastTime) {
  const test::Folder folder;
  std::ofstream file(folder / "events");
  Vigil vigil(folder / "events", /*nodes=*/4);
  EXPECT_TRUE(vigil.Look().empty());

  file << R"({"event": "epoch", "epoch": 1})"
       << "\n"
       << R"({"event": "took_)" << std::flush;
  EXPECT_TRUE(vigil.Look().empty());
  EXPECT_EQ(vigil.epoch(), 1u);

  file << R"(over", "task": 0})" << std::endl;
  const auto alarms = vigil.Look();
  ASSERT_EQ(alarms.size(), 1u);
  EXPECT_EQ(alarms[0].kind, "promotion");
  EXPECT_TRUE(vigil.Look().empty());
}

}  // namespace
}  // namespace taskgraph::storm
