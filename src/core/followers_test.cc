// SPDX-License-Identifier: Apache-2.0
#include "core/followers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace taskgraph::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(FollowersTest, WhoIsGoneFollowsNobody) {
  Followers followers(3);
  for (TaskId task : {0, 1, 1}) followers.Follow(task, 7);
  followers.Follow(1, 8);

  followers.Forget(7);

  EXPECT_THAT(followers.of(0), IsEmpty());
  EXPECT_THAT(followers.of(1), ElementsAre(8));
}

}  // namespace
}  // namespace taskgraph::core
