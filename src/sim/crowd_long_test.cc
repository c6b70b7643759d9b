// SPDX-License-Identifier: Apache-2.0
//
// As many nodes as a large job has. Takes half a minute.
#include <gtest/gtest.h>

#include "sim/crowd_testing.h"

namespace taskgraph::sim {
namespace {

TEST(CrowdLongTest, AThousandNodesInOneSecondTakeLittleMoreThanAWriteEach) {
  EXPECT_LE(WritesUntilPlaced(1000), WritesThatAreFew(1000));
}

}  // namespace
}  // namespace taskgraph::sim
