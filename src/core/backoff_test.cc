// SPDX-License-Identifier: Apache-2.0
#include "core/backoff.h"

#include <gtest/gtest.h>

namespace taskgraph::core {
namespace {

// How long it waits if nobody opens.
Duration NextWait(Backoff& backoff, Time now) {
  backoff.Wait(now);
  const Duration wait = backoff.until() - now;
  backoff.Resume();
  return wait;
}

TEST(BackoffTest, WaitsDoubleUpToTheLongest) {  // R13
  FailureOptions options;
  options.backoff_min = 5ms;
  options.backoff_max = 18ms;
  Backoff backoff(options);

  EXPECT_EQ(NextWait(backoff, 1s), 5ms);
  EXPECT_EQ(NextWait(backoff, 2s), 10ms);
  EXPECT_EQ(NextWait(backoff, 3s), 18ms);
  EXPECT_EQ(NextWait(backoff, 4s), 18ms);
}

TEST(BackoffTest, ASignOfLifeMakesTheNextWaitShort) {
  const FailureOptions options;
  Backoff backoff(options);
  NextWait(backoff, 1s);
  NextWait(backoff, 2s);

  backoff.Encourage();

  EXPECT_EQ(NextWait(backoff, 3s), options.backoff_min);
}

TEST(BackoffTest, ARefusalWhileWaitingDoesNotProlongTheWait) {
  Backoff backoff{FailureOptions{}};
  backoff.Wait(1s);
  const Time until = backoff.until();

  backoff.Wait(1s + 1ms);

  EXPECT_EQ(backoff.until(), until);
  EXPECT_TRUE(backoff.waiting());
}

TEST(BackoffTest, WhoDoesNotWaitHasNoDeadline) {
  Backoff backoff{FailureOptions{}};
  EXPECT_EQ(backoff.until(), kNever);

  backoff.Wait(1s);
  backoff.Resume();

  EXPECT_FALSE(backoff.waiting());
  EXPECT_EQ(backoff.until(), kNever);
}

}  // namespace
}  // namespace taskgraph::core
