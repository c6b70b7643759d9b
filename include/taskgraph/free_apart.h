// SPDX-License-Identifier: Apache-2.0
//
// FreeApart: lets go of large memory without keeping anybody waiting.
//
// Intuition: to give a gigabyte back, the system takes every page of it into
// its hands, some 100 ms long. Whoever happens to be its last owner, which is
// mostly the thread that speaks to the network, has something better to do. And
// while it is given back in one go nobody else in the process gets new memory;
// so it goes slice by slice.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <thread>

namespace taskgraph {

// Below it, beginning a thread is not worth it.
inline constexpr std::size_t kFreedApartBytesMin = std::size_t{16} << 20;

// Gives the pages of `memory` back to the system; what was in them is lost.
inline void GivePagesBack(std::span<const std::byte> memory) {
  constexpr std::uintptr_t kSliceBytes = 1 << 20;  // A tenth of a millisecond.
  const auto begin = reinterpret_cast<std::uintptr_t>(memory.data());
  const std::uintptr_t end = begin + memory.size();
  std::uintptr_t slice = (begin + kSliceBytes - 1) / kSliceBytes * kSliceBytes;
  for (; slice + kSliceBytes <= end; slice += kSliceBytes) {
    // If it can't be done here, it is done when all is freed.
    ::madvise(reinterpret_cast<void*>(slice), kSliceBytes, MADV_DONTNEED);
  }
}

// Calls `free`, which frees `memory`: if it is large on a thread of its own, if
// there can be one.
template <typename F>
void FreeApart(std::span<const std::byte> memory, F free) {
  if (memory.size() < kFreedApartBytesMin) return free();
  try {
    std::thread([memory, free] {
      GivePagesBack(memory);
      free();
    }).detach();
  } catch (const std::exception&) {
    free();
  }
}

}  // namespace taskgraph
