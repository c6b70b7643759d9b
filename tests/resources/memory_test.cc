// SPDX-License-Identifier: Apache-2.0
//
// A node that the system gives no more memory.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>
#include <string>

#include "resources/endless_job.h"

namespace taskgraph::test {
namespace {

constexpr std::size_t kNodes = 8;  // Of an endless job.

// Of address space, besides what `pid` has now.
void LimitMemory(pid_t pid, rlim_t more) {
  std::ifstream statm("/proc/" + std::to_string(pid) + "/statm");
  rlim_t pages = 0;
  statm >> pages;
  const rlimit limit{more == RLIM_INFINITY ? more : pages * 4096 + more,
                     RLIM_INFINITY};
  ::prlimit(pid, RLIMIT_AS, &limit, nullptr);
}

#ifndef TASKGRAPH_SANITIZED  // Its allocator has ways of its own.
TEST(MemoryTest, WhatANodeHasNoMemoryForIsSentAgainUntilItHas) {
  EndlessJob job({}, 20, 20, {"--config=bytes=200000000"});
  ASSERT_TRUE(job.WaitForNodes(kNodes)) << job.Output();
  LimitMemory(job.NodeOf(3), 50'000'000);
  ASSERT_TRUE(job.WaitForOutput("bytes, for which there is no memory"))
      << job.Output();

  LimitMemory(job.NodeOf(3), RLIM_INFINITY);

  EXPECT_TRUE(job.WaitForEpoch(job.epoch() + 5)) << job.Output();
  EXPECT_EQ(job.End(), 130) << job.Output();
}
#endif

}  // namespace
}  // namespace taskgraph::test
