// SPDX-License-Identifier: Apache-2.0
#include "core/correspondence.h"

#include <gtest/gtest.h>

namespace taskgraph::core {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow = 10s;

TEST(CorrespondenceTest, WhoNeverFailedIsForgottenAtOnce) {
  EXPECT_TRUE(Correspondence({}).MayBeForgotten(kNow));
}

// R20: else it would be invited again without a wait.
TEST(CorrespondenceTest, WhoCouldNotKeepItsSnapshotIsRememberedForAWhile) {
  const FailureOptions options;
  Correspondence with(options);
  with.Reject(kNow);
  with.Close(options);
  EXPECT_FALSE(with.MayBeForgotten(kNow));
  EXPECT_FALSE(with.MayBeForgotten(kNow + 1h));  // Its wait is not over.

  with.rejoin.Resume();

  EXPECT_FALSE(with.MayBeForgotten(kNow + 30s));
  EXPECT_TRUE(with.MayBeForgotten(kNow + 2min));
}

}  // namespace
}  // namespace taskgraph::core
