// SPDX-License-Identifier: Apache-2.0
//
// Answers of a gigabyte.
#include <gtest/gtest.h>

#include "large/large_job.h"

namespace taskgraph::test {
namespace {

TEST(LargeLongTest, AGigabyteIsInMemoryOnce) {
  for (const char* ask : {"array", "vector"}) {
    const LargeLoad load{.ask = ask, .bytes = 1024 * kMiB, .pulls = 3};
    const LargeJob job(load);
    EXPECT_LE(job.source().peak_bytes, load.bytes + kConstantBytes) << ask;
    EXPECT_LE(job.sink().peak_bytes, load.bytes + kConstantBytes) << ask;
  }
}

}  // namespace
}  // namespace taskgraph::test
