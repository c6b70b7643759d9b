// SPDX-License-Identifier: Apache-2.0
//
// ReceiveBuffer: where the body of a frame arrives.
//
// Intuition: whoever reads the body should find it in the form in which they
// want it. So its header says if its bytes were a vector's, and then they are
// read into a vector again; all others are just bytes.
//
// Pure. Not thread-safe; owned by a frame reader.
#pragma once

#include <cstddef>
#include <memory>

#include "taskgraph/payload.h"
#include "transport/buffer_pool.h"
#include "transport/vector_kind.h"

namespace taskgraph::transport {

class ReceiveBuffer {
 public:
  ReceiveBuffer() = default;

  // For a body of `bytes`, those of a vector if its elements have a number.
  // Without room if the system has no memory.
  ReceiveBuffer(BufferPool& pool, std::size_t bytes, ElementNumber vector_of);

  bool has_room() const { return room_ != nullptr; }

  // Its beginning; the first `bytes` may be written. Never moves, and touches
  // no memory beyond them.
  std::byte* Reach(std::size_t bytes) const;

  // What arrived, when all `bytes` did.
  Payload Finish(std::size_t bytes) &&;

 private:
  const VectorKind* kind_ = nullptr;  // Null: the room is the bytes themselves.
  std::shared_ptr<void> room_;
};

}  // namespace taskgraph::transport
