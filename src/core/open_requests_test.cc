// SPDX-License-Identifier: Apache-2.0
#include "core/open_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace taskgraph::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<RequestNumber> Sent(OpenRequests& requests, TaskId to) {
  std::vector<RequestNumber> sent;
  while (const MakeRequest* request = requests.NextUnsent(to)) {
    sent.push_back(request->number);
  }
  return sent;
}

// Requests 1, 2, 3: to tasks 8, 9, 8.
OpenRequests Three() {
  OpenRequests requests;
  requests.Make({1, 8, "Get", "", {}});
  requests.Make({2, 9, "Get", "", {}});
  requests.Make({3, 8, "Get", "", {}});
  return requests;
}

TEST(OpenRequestsTest, EachIsSentOnceInItsOrder) {
  OpenRequests requests = Three();

  EXPECT_THAT(Sent(requests, 8), ElementsAre(1, 3));
  EXPECT_THAT(Sent(requests, 8), IsEmpty());
  EXPECT_THAT(Sent(requests, 9), ElementsAre(2));
}

TEST(OpenRequestsTest, EachIsUnansweredWhetherItWasSentOrNot) {
  OpenRequests requests = Three();
  Sent(requests, 9);

  EXPECT_TRUE(requests.Awaits(9, 2));  // Sent.
  EXPECT_TRUE(requests.Awaits(8, 1));
  EXPECT_TRUE(requests.Awaits(8, 3));  // The newest.
  EXPECT_FALSE(requests.Awaits(9, 3));
  for (const RequestNumber number : {1, 2, 3}) {
    EXPECT_TRUE(requests.Settle(number));
    EXPECT_FALSE(requests.Awaits(number == 2 ? 9 : 8, number));
  }
  EXPECT_FALSE(requests.HasUnanswered(8));
  EXPECT_THAT(Sent(requests, 8), IsEmpty());
}

TEST(OpenRequestsTest, WhatIsUnansweredIsSentAgain) {  // R12
  OpenRequests requests = Three();
  Sent(requests, 8);
  requests.Settle(1);

  requests.Rewind(8);

  EXPECT_THAT(Sent(requests, 8), ElementsAre(3));
  EXPECT_TRUE(requests.HasUnanswered(8));
  requests.Settle(3);
  EXPECT_FALSE(requests.HasUnanswered(8));
}

TEST(OpenRequestsTest, OnlyTheFirstAnswerCounts) {  // R12
  OpenRequests requests = Three();

  EXPECT_TRUE(requests.Settle(2));
  EXPECT_FALSE(requests.Settle(2));
  EXPECT_FALSE(requests.Settle(77));
}

TEST(OpenRequestsTest, TheFirstUnfinishedMovesOnlyPastHandledAnswers) {  // R14
  OpenRequests requests = Three();
  requests.Settle(1);
  EXPECT_EQ(requests.first_unfinished(), 1u);  // Its turn has not run.

  requests.Settle(2);
  requests.Finish(2);
  EXPECT_EQ(requests.first_unfinished(), 1u);
  requests.Finish(1);
  EXPECT_EQ(requests.first_unfinished(), 3u);
  requests.Settle(3);
  requests.Finish(3);
  EXPECT_EQ(requests.first_unfinished(), 4u);
}

TEST(OpenRequestsTest, ANewEpochVoidsAllAndNumbersGoOnRising) {  // R9
  OpenRequests requests = Three();
  Sent(requests, 8);

  requests.Clear();

  EXPECT_EQ(requests.next(), 4u);
  EXPECT_EQ(requests.first_unfinished(), 4u);
  EXPECT_FALSE(requests.Settle(1));
  EXPECT_FALSE(requests.HasUnanswered(8));
  requests.Make({4, 8, "Get", "", {}});
  EXPECT_THAT(Sent(requests, 8), ElementsAre(4));
}

TEST(OpenRequestsTest, ANumberThatWasGivenIsNotGivenAgain) {
  OpenRequests requests = Three();
  requests.Settle(1);

  requests.Make({1, 8, "Get", "", {}});

  EXPECT_FALSE(requests.HasUnanswered(8) && requests.Settle(1));
  EXPECT_EQ(requests.next(), 4u);
}

TEST(OpenRequestsTest, ACopyWithANumberTwiceIsNone) {  // R20
  for (const bool handled : {true, false}) {
    std::string bytes;
    FieldWriter out(bytes);
    out.Numbers(6u, 2u);  // The next number, and how many there are.
    for (const bool twice : {false, true}) {
      out.Number(5);
      out.Bool(twice || !handled);
      if (!twice && handled) continue;
      out.Number(8);
      for (const char* text : {"Get", "", ""}) out.Text(text);
    }
    FieldReader in(bytes);
    OpenRequests requests;

    requests.Read(in);

    EXPECT_FALSE(in.good());
  }
}

// As a plain list would, whatever is done in whatever order.
TEST(OpenRequestsTest, DoesAsAPlainListDoes) {
  struct Plain {
    TaskId to;
    bool sent, settled;
  };
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::mt19937 random(seed);
    OpenRequests requests;
    std::map<RequestNumber, Plain> plain;
    for (int step = 0; step < 400; ++step) {
      const auto to = static_cast<TaskId>(random() % 4);
      const RequestNumber any = 1 + random() % requests.next();
      switch (random() % 7) {
        case 0:
        case 1:
          plain[requests.next()] = {to, false, false};
          requests.Make({requests.next(), to, "Get", "", {}});
          break;
        case 2: {
          std::vector<RequestNumber> unsent;
          for (auto& [number, one] : plain) {
            if (one.to != to || one.sent || one.settled) continue;
            one.sent = true;
            unsent.push_back(number);
          }
          EXPECT_EQ(Sent(requests, to), unsent);
          break;
        }
        case 3:
          requests.Rewind(to);
          for (auto& [number, one] : plain) {
            if (one.to == to) one.sent = false;
          }
          break;
        case 4: {
          const auto one = plain.find(any);
          const bool is_first = one != plain.end() && !one->second.settled;
          EXPECT_EQ(requests.Settle(any).has_value(), is_first);
          if (is_first) one->second.settled = true;
          break;
        }
        case 5:
          if (!plain.contains(any) || !plain[any].settled) break;
          requests.Finish(any);
          plain.erase(any);
          break;
        default:
          if (random() % 50 > 0) break;
          requests.Clear();
          plain.clear();
      }
      bool awaited = false;
      for (const auto& [number, one] : plain) {
        EXPECT_EQ(requests.Awaits(one.to, number), !one.settled);
        awaited = awaited || (one.to == to && !one.settled);
      }
      EXPECT_EQ(requests.HasUnanswered(to), awaited);
      EXPECT_EQ(requests.size(), plain.size());
      EXPECT_EQ(requests.first_unfinished(),
                plain.empty() ? requests.next() : plain.begin()->first);
    }
  }
}

}  // namespace
}  // namespace taskgraph::core
