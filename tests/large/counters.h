// SPDX-License-Identifier: Apache-2.0
//
// Counters: what a program allocates and copies of the size of a payload.
//
// Intuition: whether something is copied shows in no clock for certain; but who
// copies a gigabyte needs another one, or calls memcpy. A program that is
// linked with these has an operator new, a memcpy and a memmove that count.
#pragma once

#include <cstdint>

namespace taskgraph::test {

// What is smaller is not counted: heads, and what comes along with them.
inline constexpr std::size_t kCountedBytesMin = 16 << 10;

// In this process, so far.
std::uint64_t AllocatedBytes();  // Of allocations of at least that size.
std::uint64_t CopiedBytes();     // By calls that copy at least so much.

// The most memory that it ever had.
std::uint64_t PeakBytes();

}  // namespace taskgraph::test
