// SPDX-License-Identifier: Apache-2.0
//
// FreeApart: lets go of large memory without keeping anybody waiting.
//
// Intuition: to give a gigabyte back, the system takes every page of it into
// its hands, some 100 ms long. Whoever happens to be its last owner, which is
// mostly the thread that speaks to the network, has something better to do.
#pragma once

#include <cstddef>
#include <exception>
#include <thread>
#include <utility>

namespace taskgraph {

// Below it, beginning a thread is not worth it.
inline constexpr std::size_t kFreedApartBytesMin = std::size_t{16} << 20;

// Calls `free`, which gives back so many bytes: on a thread of its own if they
// are many, and if there can be one.
template <typename F>
void FreeApart(std::size_t bytes, F free) {
  if (bytes < kFreedApartBytesMin) return free();
  try {
    std::thread(free).detach();
  } catch (const std::exception&) {
    free();
  }
}

}  // namespace taskgraph
