// SPDX-License-Identifier: Apache-2.0
#include "transport/receive_buffer.h"

#include <utility>

namespace taskgraph::transport {

ReceiveBuffer::ReceiveBuffer(BufferPool& pool, std::size_t bytes,
                             ElementNumber vector_of) {
  const VectorKind* kind = FindVectorKind(vector_of);
  // Half an element is malformed, which is for others to say. A small vector
  // costs less to copy than to make.
  if (kind != nullptr && bytes % kind->element_bytes == 0 &&
      bytes >= kPooledBytesMin) {
    kind_ = kind;
    room_ = pool.TakeVector(*kind, bytes);
  } else {
    room_ = pool.Take(bytes);
  }
}

std::byte* ReceiveBuffer::Reach(std::size_t bytes) const {
  return kind_ != nullptr ? kind_->grow(room_.get(), bytes)
                          : static_cast<std::byte*>(room_.get());
}

Payload ReceiveBuffer::Finish(std::size_t bytes) && {
  if (kind_ != nullptr) return kind_->share(std::move(room_));
  const void* data = room_.get();
  return Payload(std::move(room_), data, bytes);
}

}  // namespace taskgraph::transport
