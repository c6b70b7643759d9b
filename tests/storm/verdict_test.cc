// SPDX-License-Identifier: Apache-2.0
//
// The verdict is of use only if it is against what is wrong.
#include "storm/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>

#include "storm/census.h"

namespace taskgraph::storm {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kBegin[] =
    "{\"event\":\"assigned\",\"task\":3,\"incarnation\":1,\"term\":1}\n"
    "{\"event\":\"epoch\",\"epoch\":0}\n"
    "{\"event\":\"epoch\",\"epoch\":1}\n";
constexpr char kEnd[] = "{\"event\":\"ended\",\"code\":0}\n";

class VerdictTest : public testing::Test {
 protected:
  VerdictTest() {
    ground_.folder = folder_.path();
    ground_.job = "verdict-test";
    std::filesystem::create_directory(ground_.runtime_folder());
    std::filesystem::create_directory(folder_ / "out");
  }

  void Write(const std::string& path, const std::string& text) const {
    std::ofstream(path) << text;
  }
  Complaints HistoryOf(const std::string& events, App app = App::kDigits) {
    Write(folder_ / "events", events);
    return CheckHistory(folder_ / "events", app);
  }

  test::Folder folder_{"storm"};
  Ground ground_;
};

TEST_F(VerdictTest, AnOrderlyHistoryPasses) {
  EXPECT_THAT(HistoryOf(std::string(kBegin) + kEnd), IsEmpty());
  EXPECT_THAT(HistoryOf(std::string(kBegin) + "{\"event\":\"assi"), IsEmpty());
}

TEST_F(VerdictTest, AnEpochThatIsNotTheNextIsFound) {
  EXPECT_THAT(
      HistoryOf(std::string(kBegin) + "{\"event\":\"epoch\",\"epoch\":1}\n"),
      ElementsAre(HasSubstr("not the next")));
  EXPECT_THAT(
      HistoryOf(std::string(kBegin) + "{\"event\":\"epoch\",\"epoch\":3}\n"),
      ElementsAre(HasSubstr("not the next")));
}

TEST_F(VerdictTest, ATermThatDoesNotRiseIsFound) {
  const std::string again =
      "{\"event\":\"assigned\",\"task\":3,\"incarnation\":1,\"term\":1}\n";

  EXPECT_THAT(HistoryOf(kBegin + again),
              ElementsAre(HasSubstr("not a higher term")));
}

TEST_F(VerdictTest, ABookThatIsLostIsFound) {
  const std::string next =
      "{\"event\":\"assigned\",\"task\":3,\"incarnation\":2,\"term\":2}\n";

  EXPECT_THAT(HistoryOf(kBegin + next, App::kDigits), IsEmpty());
  EXPECT_THAT(HistoryOf(kBegin + next, App::kLedger), SizeIs(1));
}

TEST_F(VerdictTest, WhatHappensAfterTheEndIsFound) {
  EXPECT_THAT(HistoryOf(std::string(kEnd) + kEnd),
              ElementsAre(HasSubstr("after the end")));
}

TEST_F(VerdictTest, AnotherResultIsFound) {
  Plan plan;
  plan.setting.app = App::kRegression;
  Write(ground_.output(), "0\n105\n");
  Write(ground_.result(), "0 105");

  EXPECT_THAT(CheckResult(plan, ground_, {"0\n105\n", "0 105"}), IsEmpty());
  EXPECT_THAT(CheckResult(plan, ground_, {"0\n105\n", "0 106"}), SizeIs(1));
  EXPECT_THAT(CheckResult(plan, ground_, {"0\n", "0 105"}), SizeIs(1));
}

TEST_F(VerdictTest, AFileThatIsLeftBehindIsFound) {
  Write(ground_.result(), "0");
  EXPECT_THAT(CheckFiles(ground_, App::kDigits), IsEmpty());
  EXPECT_THAT(CheckFiles(ground_, App::kLedger), SizeIs(1));

  Write(ground_.runtime_folder() + "/some.sock", "");
  EXPECT_THAT(CheckFiles(ground_, App::kDigits),
              ElementsAre(HasSubstr("some.sock")));
}

TEST_F(VerdictTest, AKeyAndALeaseThatAreLeftBehindAreFound) {
  const std::string status =
      "/taskgraph/verdict-test/status\n"
      "{\"code\":0,\"message\":\"done\",\"reason\":\"finished\"}\n";
  const auto answers = [&](const std::string& keys, const std::string& leases) {
    return [=](const std::vector<std::string>& arguments) {
      return test::CommandOutcome{0, arguments[0] == "get" ? keys : leases};
    };
  };
  const std::string one = "found 1 leases\n694d77aa9e38260f\n";
  const Reference reference{"done\n", ""};

  EXPECT_THAT(CheckKeys(ground_, reference, answers(status, one), 0),
              IsEmpty());
  EXPECT_THAT(CheckKeys(ground_, reference,
                        answers(status, one + "694d77aa9e382610\n"), 0),
              SizeIs(1));
  EXPECT_THAT(
      CheckKeys(
          ground_, reference,
          answers(status + "/taskgraph/verdict-test/clock\n{\"epoch\":1}\n",
                  one),
          0),
      ElementsAre(HasSubstr("key clock")));
  EXPECT_THAT(CheckKeys(ground_, {"other\n", ""}, answers(status, one), 0),
              SizeIs(1));
  EXPECT_THAT(CheckKeys(ground_, reference, answers("", one), 0), SizeIs(1));
}

TEST_F(VerdictTest, AProcessThatIsLeftBehindIsFound) {
  {
    const test::Program sleeper({test::Tool("sleep"), "1000"},
                                {.environment = {MarkOf(ground_.job)}});
    // It may still be about to become what it shall be.
    while (Census(MarkOf(ground_.job)).empty()) {
    }
    EXPECT_THAT(CheckProcesses(ground_, 0), SizeIs(1));
  }
  EXPECT_THAT(CheckProcesses(ground_, 0), IsEmpty());
}

}  // namespace
}  // namespace taskgraph::storm
