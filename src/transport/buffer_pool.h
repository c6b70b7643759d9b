// SPDX-License-Identifier: Apache-2.0
//
// BufferPool: memory for received bodies, used again and again.
//
// Intuition: the first touch of a fresh page costs more than the copy into it;
// receiving into pages that were touched before is three times as fast. So a
// large buffer goes back to a shelf when its last reader lets go of it, from
// whichever thread that is. One that is too large for the shelf may lie there
// alone, for a moment: the next of its kind mostly comes soon or never.
//
// Thread-safe. Buffers may outlive the pool object.
#pragma once

#include <cstddef>
#include <memory>

#include "transport/vector_kind.h"

namespace taskgraph::transport {

// Every buffer begins at a multiple of it, so that numbers of any type, and
// whole cache lines of them, can be read in place.
inline constexpr std::size_t kBufferAlignment = 64;

// Below it malloc reuses memory well enough by itself.
inline constexpr std::size_t kPooledBytesMin = 64 << 10;

class BufferPool {
 public:
  static constexpr int kLargeBeats = 10;

  // Keeps at most `kept_bytes_max` that are not in use; between Tick and Rest
  // also a single larger buffer, for kLargeBeats.
  explicit BufferPool(std::size_t kept_bytes_max);

  // To be called at each beat.
  void Tick();
  // No beat follows for a while.
  void Rest();

  // At least `bytes`, uninitialized; returned to the pool by its last owner.
  // Null if the system has no memory.
  std::shared_ptr<std::byte> Take(std::size_t bytes);

  // A vector of at most `bytes`, at least kPooledBytesMin, with reserved memory
  // for all of them; returned to the pool by its last owner. What it has
  // already was touched before. Null if the system has no memory.
  std::shared_ptr<void> TakeVector(const VectorKind& kind, std::size_t bytes);

  std::size_t kept_bytes() const;

 private:
  class Shelf;
  std::shared_ptr<void> TakeFromShelf(const VectorKind* kind,
                                      std::size_t capacity);

  std::shared_ptr<Shelf> shelf_;
};

}  // namespace taskgraph::transport
