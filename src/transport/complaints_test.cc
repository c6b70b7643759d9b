// SPDX-License-Identifier: Apache-2.0
#include "transport/complaints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace taskgraph::transport {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class ComplaintsTest : public testing::Test {
 protected:
  void Tick(int beats) {
    for (int i = 0; i < beats; ++i) complaints_.Tick();
  }
  std::vector<std::string> Told() { return std::exchange(log_, {}); }

  std::vector<std::string> log_;
  Complaints complaints_{
      {.lines_max = 2, .window_beats = 10},
      [this](std::string_view line) { log_.emplace_back(line); }};
};

TEST_F(ComplaintsTest, AFewAreToldAtOnceAndNothingFollows) {
  complaints_.Add("a");
  complaints_.Add("b");
  EXPECT_THAT(Told(), ElementsAre("a", "b"));

  Tick(10);
  EXPECT_FALSE(complaints_.open());
  EXPECT_THAT(Told(), IsEmpty());
}

TEST_F(ComplaintsTest, OfACrowdTheFirstAreToldAndTheOthersCounted) {
  for (int i = 0; i < 1000; ++i) complaints_.Add(std::to_string(i));
  EXPECT_THAT(Told(), ElementsAre("0", "1"));

  Tick(9);
  EXPECT_TRUE(complaints_.open());
  EXPECT_THAT(Told(), IsEmpty());
  Tick(1);
  EXPECT_THAT(Told(), ElementsAre(AllOf(StartsWith("998 more connections"),
                                        HasSubstr(": 999"))));
}

TEST_F(ComplaintsTest, AfterTheWindowLinesAreToldAgain) {
  for (int i = 0; i < 5; ++i) complaints_.Add("x");
  Tick(10);
  Told();

  complaints_.Add("y");
  EXPECT_THAT(Told(), ElementsAre("y"));
  EXPECT_TRUE(complaints_.open());
}

TEST_F(ComplaintsTest, TheCountIsNotLostWhenTheTransportEnds) {
  for (int i = 0; i < 3; ++i) complaints_.Add("x");
  Told();

  complaints_.Close();
  EXPECT_THAT(Told(), ElementsAre(StartsWith("1 more")));
  complaints_.Close();
  EXPECT_THAT(Told(), IsEmpty());
}

}  // namespace
}  // namespace taskgraph::transport
