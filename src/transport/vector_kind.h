// SPDX-License-Identifier: Apache-2.0
//
// VectorKind: how to receive into a std::vector, without knowing its type.
//
// Intuition: a vector has no room that it has not set to zero, and zeroing a
// gigabyte at once would stop the loop. So it reserves its memory in the
// beginning, and grows by what is about to come: the zeros are written over
// while they are still in the cache.
//
// Pure.
#pragma once

#include <cstddef>
#include <memory>

#include "taskgraph/payload.h"

namespace taskgraph::transport {

// Each `vector` is a std::vector of the kind's elements, made by `make`.
struct VectorKind {
  std::size_t element_bytes;
  // Empty, with room for so many bytes; throws what std::vector does.
  void* (*make)(std::size_t bytes);
  void (*free)(void* vector);
  // Sees to it that it has no more than so many bytes, or no less. Its memory
  // stays where it is.
  void (*shrink)(void* vector, std::size_t bytes_max);
  std::byte* (*grow)(void* vector, std::size_t bytes_min);
  // All of it.
  Payload (*share)(std::shared_ptr<void> vector);
};

// Null: there is none of that number.
const VectorKind* FindVectorKind(ElementNumber number);

}  // namespace taskgraph::transport
