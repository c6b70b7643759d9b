// SPDX-License-Identifier: Apache-2.0
#include "transport/buffer_pool.h"

#include <algorithm>
#include <bit>
#include <map>
#include <memory>
#include <new>
#include <vector>

#include "threads/mutex.h"

namespace taskgraph::transport {
namespace {

// Below it malloc reuses memory well enough by itself.
constexpr std::size_t kPooledBytesMin = 64 << 10;

constexpr std::align_val_t kAlignment{kBufferAlignment};

std::byte* Allocate(std::size_t bytes) {
  return static_cast<std::byte*>(operator new(bytes, kAlignment, std::nothrow));
}

void Free(std::byte* data) { operator delete(data, kAlignment); }

// A small buffer and what counts its owners, in one piece of memory: first the
// counter, then the buffer.
template <typename Counter>
struct InOnePiece {
  using value_type = Counter;

  explicit InOnePiece(std::byte* all) : memory(all) {}
  template <typename Other>
  InOnePiece(const InOnePiece<Other>& other) : memory(other.memory) {}

  Counter* allocate(std::size_t) {
    static_assert(sizeof(Counter) <= kBufferAlignment);
    return reinterpret_cast<Counter*>(memory);
  }
  void deallocate(Counter*, std::size_t) { operator delete(memory); }

  std::byte* memory;
};

// By hand: asking malloc for an alignment costs more than the room for it.
std::shared_ptr<std::byte> TakeSmall(std::size_t bytes) {
  std::size_t room = kBufferAlignment + bytes;
  auto* memory = static_cast<std::byte*>(operator new(kBufferAlignment + room,
                                                      std::nothrow));
  if (memory == nullptr) return nullptr;
  void* data = memory + kBufferAlignment;
  std::align(kBufferAlignment, bytes, data, room);
  return {static_cast<std::byte*>(data), [](std::byte*) {},
          InOnePiece<std::byte>(memory)};
}

// Rounds up to a quarter of the power of two below: bodies of nearly equal size
// share buffers, and at most a fifth is left unused. `bytes`: four or more.
std::size_t RoundUp(std::size_t bytes) {
  const std::size_t step = std::max(std::bit_floor(bytes) / 4, std::size_t{1});
  return (bytes + step - 1) / step * step;
}

}  // namespace

class BufferPool::Shelf {
 public:
  explicit Shelf(std::size_t kept_bytes_max)
      : kept_bytes_max_(kept_bytes_max) {}
  Shelf(const Shelf&) = delete;
  Shelf& operator=(const Shelf&) = delete;
  ~Shelf() {
    for (auto& [capacity, buffers] : kept_) {
      for (std::byte* data : buffers) Free(data);
    }
  }

  std::byte* Take(std::size_t capacity) {
    {
      const threads::Lock lock(mutex_);
      const auto found = kept_.find(capacity);
      if (found != kept_.end()) return Pop(found);
    }
    return Allocate(capacity);
  }

  void Return(std::byte* data, std::size_t capacity) {
    const threads::Lock lock(mutex_);
    MakeRoom(capacity);
    if (kept_bytes_ + capacity > kept_bytes_max_) return Free(data);
    kept_[capacity].push_back(data);
    kept_bytes_ += capacity;
  }

  std::size_t kept_bytes() const {
    const threads::Lock lock(mutex_);
    return kept_bytes_;
  }

 private:
  using Kept = std::map<std::size_t, std::vector<std::byte*>>;

  std::byte* Pop(Kept::iterator at) TASKGRAPH_REQUIRES(mutex_) {
    std::byte* data = at->second.back();
    at->second.pop_back();
    kept_bytes_ -= at->first;
    if (at->second.empty()) kept_.erase(at);
    return data;
  }

  // Gives up other sizes first: a size just returned is one in use now, while
  // those may belong to a phase of the job that is over.
  void MakeRoom(std::size_t capacity) TASKGRAPH_REQUIRES(mutex_) {
    auto at = kept_.begin();
    while (at != kept_.end() && kept_bytes_ + capacity > kept_bytes_max_) {
      if (at->first == capacity) {
        ++at;
        continue;
      }
      Free(Pop(at));
      at = kept_.begin();
    }
  }

  const std::size_t kept_bytes_max_;
  mutable threads::Mutex mutex_;
  Kept kept_ TASKGRAPH_GUARDED_BY(mutex_);
  std::size_t kept_bytes_ TASKGRAPH_GUARDED_BY(mutex_) = 0;
};

BufferPool::BufferPool(std::size_t kept_bytes_max)
    : shelf_(std::make_shared<Shelf>(kept_bytes_max)) {}

std::shared_ptr<std::byte> BufferPool::Take(std::size_t bytes) {
  if (bytes < kPooledBytesMin) return TakeSmall(bytes);
  const std::size_t capacity = RoundUp(bytes);
  std::byte* data = shelf_->Take(capacity);
  if (!data) return nullptr;
  return std::shared_ptr<std::byte>(data, [shelf = shelf_, capacity](auto* p) {
    shelf->Return(p, capacity);
  });
}

std::size_t BufferPool::kept_bytes() const { return shelf_->kept_bytes(); }

}  // namespace taskgraph::transport
