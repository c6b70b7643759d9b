// SPDX-License-Identifier: Apache-2.0
//
// Large answers between processes: nothing is copied but by the kernel, and
// nothing is there twice.
#include <gtest/gtest.h>

#include "large/large_job.h"

namespace taskgraph::test {
namespace {

// A read that ends in the middle of a piece may take a little of the next one
// along (see connection.cc).
std::uint64_t AlongWithHeaders(std::uint64_t bytes) { return bytes / 16; }

// What else is allocated, in parts that are large enough to be counted.
constexpr std::uint64_t kOtherBytes = 8 * kMiB;

void ExpectNoCopy(const LargeLoad& load) {
  const LargeJob job(load);
  for (const Counted& counted : {job.source(), job.sink()}) {
    EXPECT_LE(counted.allocated_bytes, load.bytes + kOtherBytes);
    EXPECT_LE(counted.copied_bytes, AlongWithHeaders(load.bytes));
  }
}

TEST(LargeTest, AnArrayIsNeverCopied) { ExpectNoCopy({.ask = "array"}); }

TEST(LargeTest, AVectorThatIsMovedIntoAnAnswerIsNeverCopied) {
  ExpectNoCopy({.ask = "vector"});
}

TEST(LargeTest, AVectorThatIsMovedIntoARequestIsNeverCopied) {
  ExpectNoCopy({.ask = "put"});
}

// Here what counts copies has some to count.
TEST(LargeTest, AVectorThatIsKeptIsCopiedOnceByWhoSendsIt) {
  const LargeLoad load{.ask = "kept"};
  const LargeJob job(load);

  EXPECT_GE(job.source().allocated_bytes, 2 * load.bytes);
  EXPECT_GE(job.source().copied_bytes, load.bytes);
  EXPECT_LE(job.source().copied_bytes,
            load.bytes + AlongWithHeaders(load.bytes));
  EXPECT_LE(job.sink().copied_bytes, AlongWithHeaders(load.bytes));
}

TEST(LargeTest, AReceivedVectorsMemoryIsUsedAgain) {
  const LargeLoad load{.ask = "vector", .pulls = 8};
  const LargeJob job(load);

  // The next answer may come before the last one is out of all hands.
  EXPECT_LE(job.sink().allocated_bytes, 3 * load.bytes + kOtherBytes);
}

TEST(LargeTest, NeighborsThatPullTheSameArrayShareIt) {
  const LargeLoad apart{.sinks = 3, .nodes = 4};
  const LargeJob job(apart);
  EXPECT_LE(job.source().allocated_bytes, apart.bytes + kOtherBytes);
  EXPECT_LE(job.source().peak_bytes, apart.bytes + kConstantBytes);

  // In one process with task 0: not even received.
  const LargeLoad together{.sinks = 3, .nodes = 0};
  const LargeJob process(together);
  EXPECT_LE(process.sink().allocated_bytes, together.bytes + kOtherBytes);
  EXPECT_LE(process.sink().peak_bytes, together.bytes + kConstantBytes);
}

TEST(LargeTest, MemoryStaysWithinThePayloadAndAConstant) {
  for (const char* ask : {"array", "vector"}) {
    const LargeLoad load{.ask = ask, .bytes = 256 * kMiB};
    const LargeJob job(load);
    EXPECT_LE(job.source().peak_bytes, load.bytes + kConstantBytes) << ask;
    EXPECT_LE(job.sink().peak_bytes, load.bytes + kConstantBytes) << ask;
  }
}

}  // namespace
}  // namespace taskgraph::test
