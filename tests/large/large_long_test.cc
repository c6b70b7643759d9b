// SPDX-License-Identifier: Apache-2.0
//
// Answers of a gigabyte.
#include <gtest/gtest.h>

#include <utility>

#include "large/large_job.h"

namespace taskgraph::test {
namespace {

TEST(LargeLongTest, AGigabyteIsInMemoryOnce) {
  for (const auto& [ask, pulls] : {std::pair{"array", 3}, {"vector", 1}}) {
    const LargeLoad load{.ask = ask, .bytes = 1024 * kMiB, .pulls = pulls};
    const LargeJob job(load);
    EXPECT_LE(job.source().peak_bytes, load.bytes + kConstantBytes) << ask;
    EXPECT_LE(job.sink().peak_bytes, load.bytes + kConstantBytes) << ask;
  }
}

// The last one may not be given back yet (FreeApart) when the next is made.
TEST(LargeLongTest, OfVectorsThatFollowEachOtherTwoAtMost) {
  const LargeLoad load{.ask = "vector", .bytes = 1024 * kMiB, .pulls = 4};
  const LargeJob job(load);
  EXPECT_LE(job.source().peak_bytes, 2 * load.bytes + kConstantBytes);
  EXPECT_LE(job.sink().peak_bytes, 2 * load.bytes + kConstantBytes);
}

}  // namespace
}  // namespace taskgraph::test
