// SPDX-License-Identifier: Apache-2.0
#include "core/served_requests.h"

#include <gtest/gtest.h>

namespace taskgraph::core {
namespace {

using Kind = ServedRequests::Arrival::Kind;

RequestMessage Ask(RequestNumber number, std::string key = "",
                   Incarnation incarnation = 1) {
  RequestMessage request;
  request.id = {5, incarnation, 3, number};
  request.first_unfinished = 1;
  request.method = "Get";
  request.key = std::move(key);
  return request;
}

RequestMessage Ask(RequestNumber number, RequestNumber first_unfinished) {
  RequestMessage request = Ask(number);
  request.first_unfinished = first_unfinished;
  return request;
}

TEST(ServedRequestsTest, ARepeatedRequestIsNotServedAgain) {  // R14
  ServedRequests served;

  EXPECT_EQ(served.Arrive(Ask(1), 9).kind, Kind::kNew);
  EXPECT_EQ(served.Arrive(Ask(1), 9).kind, Kind::kInProgress);
  const auto answers = served.Answer({Ask(1).id, {}, Payload::Own("42")});
  ASSERT_NE(answers.answer, nullptr);
  EXPECT_EQ(answers.answer->id, Ask(1).id);
  EXPECT_TRUE(answers.also.empty());

  const auto repeated = served.Arrive(Ask(1), 9);
  EXPECT_EQ(repeated.kind, Kind::kAnswered);
  EXPECT_EQ(repeated.answer->output.text(), "42");
}

TEST(ServedRequestsTest, ATokenAnswersOnce) {  // R14
  ServedRequests served;
  served.Arrive(Ask(1), 9);

  EXPECT_NE(served.Answer({Ask(1).id, {}, {}}).answer, nullptr);
  EXPECT_EQ(served.Answer({Ask(1).id, {}, {}}).answer, nullptr);
  EXPECT_EQ(served.Answer({Ask(9).id, {}, {}}).answer, nullptr);
}

TEST(ServedRequestsTest, WithAKeyARestartedRequesterIsKnown) {  // R14
  ServedRequests served;
  served.Arrive(Ask(1, "k", /*incarnation=*/1), 9);

  EXPECT_EQ(served.Arrive(Ask(4, "k", 2), 9).kind, Kind::kInProgress);
  const auto answers =
      served.Answer({Ask(1, "k", 1).id, {}, Payload::Own("x")});
  EXPECT_EQ(answers.also, (std::vector{Ask(4, "k", 2).id}));

  const auto again = served.Arrive(Ask(7, "k", 3), 9);
  EXPECT_EQ(again.kind, Kind::kAnswered);
  EXPECT_EQ(again.answer->id, Ask(7, "k", 3).id);
  EXPECT_EQ(again.answer->output.text(), "x");
}

TEST(ServedRequestsTest, WithoutAKeyARestartedRequesterIsSomeoneElse) {  // R14
  ServedRequests served;
  served.Arrive(Ask(1, "", 1), 9);

  EXPECT_EQ(served.Arrive(Ask(1, "", 2), 9).kind, Kind::kNew);
}

TEST(ServedRequestsTest, OneKeyNamesOneRequestOfEachMethod) {
  ServedRequests served;
  RequestMessage other = Ask(2, "k");
  other.method = "Put";
  served.Arrive(Ask(1, "k"), 9);

  EXPECT_EQ(served.Arrive(other, 9).kind, Kind::kNew);
}

TEST(ServedRequestsTest, ALateRepeatOfAFinishedRequestIsNotServed) {  // R14
  ServedRequests served;
  served.Arrive(Ask(1, 1), 9);
  served.Answer({Ask(1).id, {}, Payload::Own("large")});

  EXPECT_EQ(served.Arrive(Ask(2, 2), 9).kind, Kind::kNew);

  EXPECT_EQ(served.Arrive(Ask(1, 1), 9).kind, Kind::kForgotten);
}

TEST(ServedRequestsTest, RecordsWithAKeyOutliveTheirRequester) {  // R14
  ServedRequests served;
  served.Arrive(Ask(1, "k"), 9);
  served.Answer({Ask(1).id, {}, Payload::Own("x")});
  served.Arrive(Ask(2, 2), 9);

  EXPECT_EQ(served.Arrive(Ask(1, "k", 2), 9).kind, Kind::kAnswered);
}

TEST(ServedRequestsTest, AWithdrawnRequestKeepsItsToken) {
  ServedRequests served;
  served.Arrive(Ask(1, 1), 9);

  served.Arrive(Ask(2, 2), 9);  // It does not wait for 1 any more.

  EXPECT_NE(served.Answer({Ask(1).id, {}, {}}).answer, nullptr);
}

TEST(ServedRequestsTest, ANewEpochVoidsTokensAndRecords) {  // R9
  ServedRequests served;
  served.Arrive(Ask(1), 9);

  served.Clear();

  EXPECT_EQ(served.Answer({Ask(1).id, {}, {}}).answer, nullptr);
}

TEST(ServedRequestsTest, WhoHasTooManyOpenKeepsTheNext) {
  ServedRequests served;
  served.Arrive(Ask(1), 2);
  served.Arrive(Ask(2), 2);

  EXPECT_EQ(served.Arrive(Ask(3), 2).kind, Kind::kFull);
  EXPECT_EQ(served.Arrive(Ask(2), 2).kind, Kind::kInProgress);
  EXPECT_EQ(served.Arrive(Ask(1, "", /*incarnation=*/2), 2).kind, Kind::kNew);

  served.Answer({Ask(1).id, {}, {}});
  EXPECT_EQ(served.Arrive(Ask(1), 2).kind, Kind::kAnswered);
  EXPECT_EQ(served.Arrive(Ask(3), 2).kind, Kind::kNew);
  served.Forget(Ask(3).id);
  EXPECT_EQ(served.Arrive(Ask(4), 2).kind, Kind::kNew);
  EXPECT_EQ(served.Arrive(Ask(5), 2).kind, Kind::kFull);
}

TEST(ServedRequestsTest, ACopyKnowsHowManyAreOpen) {  // R20
  ServedRequests served;
  for (RequestNumber number : {1, 2, 3}) served.Arrive(Ask(number), 9);
  served.Answer({Ask(1).id, {}, {}});
  std::string text;
  FieldWriter out(text);
  served.Write(out);

  ServedRequests copy;
  FieldReader in(text);
  copy.Read(in);

  EXPECT_EQ(copy.Arrive(Ask(4), 2).kind, Kind::kFull);
  EXPECT_EQ(copy.Arrive(Ask(4), 3).kind, Kind::kNew);
}

}  // namespace
}  // namespace taskgraph::core
