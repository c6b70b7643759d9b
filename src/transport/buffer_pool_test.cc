// SPDX-License-Identifier: Apache-2.0
#include "transport/buffer_pool.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <thread>

namespace taskgraph::transport {
namespace {

constexpr std::size_t kMiB = 1 << 20;

TEST(BufferPoolTest, BuffersAreAligned) {
  BufferPool pool(kMiB);
  for (std::size_t bytes : {1u, 100u, 65536u, 1000000u}) {
    const auto buffer = pool.Take(bytes);
    const auto address = reinterpret_cast<std::uintptr_t>(buffer.get());
    EXPECT_EQ(address % kBufferAlignment, 0u) << bytes;
  }
}

TEST(BufferPoolTest, AReturnedBufferIsUsedAgain) {
  BufferPool pool(4 * kMiB);
  auto buffer = pool.Take(kMiB);
  const std::byte* first = buffer.get();
  buffer.reset();
  EXPECT_EQ(pool.Take(kMiB).get(), first);
}

TEST(BufferPoolTest, ABodyOfNearlyTheSameSizeSharesTheBuffer) {
  BufferPool pool(4 * kMiB);
  auto buffer = pool.Take(kMiB - 1000);
  const std::byte* first = buffer.get();
  buffer.reset();
  EXPECT_EQ(pool.Take(kMiB).get(), first);
}

TEST(BufferPoolTest, NoMoreIsKeptThanAllowed) {
  BufferPool pool(3 * kMiB);
  {
    const auto a = pool.Take(2 * kMiB);
    const auto b = pool.Take(2 * kMiB);
    EXPECT_EQ(pool.kept_bytes(), 0u);
  }
  EXPECT_EQ(pool.kept_bytes(), 2 * kMiB);
}

TEST(BufferPoolTest, SizesOfThePastMakeRoomForThoseInUse) {
  BufferPool pool(3 * kMiB);
  pool.Take(2 * kMiB).reset();
  auto buffer = pool.Take(3 * kMiB);
  const std::byte* first = buffer.get();
  buffer.reset();
  EXPECT_EQ(pool.Take(3 * kMiB).get(), first);
}

TEST(BufferPoolTest, ALargerOneIsKeptAloneForAMoment) {
  BufferPool pool(3 * kMiB);
  pool.Tick();
  pool.Take(kMiB).reset();
  auto buffer = pool.Take(8 * kMiB);
  const std::byte* first = buffer.get();
  buffer.reset();
  EXPECT_EQ(pool.kept_bytes(), 8 * kMiB);
  buffer = pool.Take(8 * kMiB);
  EXPECT_EQ(buffer.get(), first);
  buffer.reset();
  for (int beat = 0; beat < BufferPool::kLargeBeats; ++beat) {
    EXPECT_EQ(pool.kept_bytes(), 8 * kMiB);
    pool.Tick();
  }
  EXPECT_EQ(pool.kept_bytes(), 0u);
}

TEST(BufferPoolTest, ALargerOneIsNotKeptBesideOneInUse) {
  BufferPool pool(3 * kMiB);
  pool.Tick();
  pool.Take(8 * kMiB).reset();
  const auto other = pool.Take(16 * kMiB);
  EXPECT_EQ(pool.kept_bytes(), 0u);
}

TEST(BufferPoolTest, NoLargerOneIsKeptWhileNobodyCounts) {
  BufferPool pool(3 * kMiB);
  pool.Take(8 * kMiB).reset();
  EXPECT_EQ(pool.kept_bytes(), 0u);
  pool.Tick();
  pool.Take(8 * kMiB).reset();
  pool.Rest();
  EXPECT_EQ(pool.kept_bytes(), 0u);
}

TEST(BufferPoolTest, ABufferMayOutliveThePoolAndEndOnAnotherThread) {
  std::shared_ptr<std::byte> buffer;
  {
    BufferPool pool(4 * kMiB);
    buffer = pool.Take(kMiB);
  }
  std::thread last([held = std::move(buffer)]() mutable { held.reset(); });
  last.join();
}

}  // namespace
}  // namespace taskgraph::transport
