// SPDX-License-Identifier: Apache-2.0
#include "transport/busy_polling.h"

#include <gtest/gtest.h>

#include <chrono>

namespace taskgraph::transport {
namespace {

constexpr Duration kLength = std::chrono::microseconds(50);

// Sleeps until it looks again.
int PauseOf(BusyPolling& polling) {
  int sleeps = 0;
  while (polling.Next() == Duration::zero()) ++sleeps;
  return sleeps;
}

TEST(BusyPollingTest, OfNoLengthItNeverLooks) {
  BusyPolling polling(Duration::zero());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(polling.Next(), Duration::zero());
}

TEST(BusyPollingTest, ItLooksEachTimeWhileThatIsWorthIt) {
  BusyPolling polling(kLength);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(polling.Next(), kLength);
    polling.Tell(/*was_worth_it=*/true);
  }
}

TEST(BusyPollingTest, InVainItLooksLessAndLessOften) {
  BusyPolling polling(kLength);
  for (const int pause : {1, 3, 7, 15, 31, 63, 127, 255, 255, 255}) {
    polling.Tell(/*was_worth_it=*/false);
    EXPECT_EQ(PauseOf(polling), pause);
  }
}

TEST(BusyPollingTest, OneLookThatWasWorthItMakesUpForAll) {
  BusyPolling polling(kLength);
  for (int i = 0; i < 5; ++i) polling.Tell(/*was_worth_it=*/false);
  EXPECT_EQ(PauseOf(polling), 31);

  polling.Tell(/*was_worth_it=*/true);

  EXPECT_EQ(PauseOf(polling), 0);
  polling.Tell(/*was_worth_it=*/false);
  EXPECT_EQ(PauseOf(polling), 1);
}

}  // namespace
}  // namespace taskgraph::transport
