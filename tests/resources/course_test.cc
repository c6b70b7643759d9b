// SPDX-License-Identifier: Apache-2.0
#include "resources/course.h"

#include <gtest/gtest.h>

namespace taskgraph::test {
namespace {

TEST(CourseTest, WhatRisesAllTheWayGrows) {
  Course course;
  for (int i = 0; i < 24; ++i) course.Add(100 * i, 1000 + 300 * i);

  EXPECT_NEAR(course.growth().each(), 3, 0.2);
}

TEST(CourseTest, WhatRisesAtTheBeginningOnlyDoesNot) {
  Course course;
  for (int i = 0; i < 24; ++i) course.Add(100 * i, i < 6 ? 500 * i : 3000);

  EXPECT_EQ(course.growth().each(), 0);
}

TEST(CourseTest, ASinglePeakIsNoGrowth) {
  Course course;
  for (int i = 0; i < 24; ++i) course.Add(i, i == 22 ? 9999 : 10);

  EXPECT_EQ(course.growth().each(), 0);
}

}  // namespace
}  // namespace taskgraph::test
