// SPDX-License-Identifier: Apache-2.0
//
// Prefetch: asks the processor to bring an object near before it is needed.
//
// Intuition: with ten thousand tasks in one process, no cache holds them all,
// and each turn begins with objects that are far away. Who knows which turn
// comes next can have them fetched while this one runs.
#pragma once

#include <cstddef>

namespace taskgraph::core {

inline constexpr std::size_t kCacheLineBytes = 64;

// A hint, at any address, also null or one that is not valid any more.
inline void PrefetchBytes(const void* begin, std::size_t bytes) {
  const char* at = static_cast<const char*>(begin);
  for (std::size_t i = 0; i < bytes; i += kCacheLineBytes) {
    __builtin_prefetch(at + i);
  }
}

template <typename T>
void Prefetch(const T* object) {
  PrefetchBytes(object, sizeof(T));
}

}  // namespace taskgraph::core
