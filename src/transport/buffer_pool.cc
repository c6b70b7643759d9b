// SPDX-License-Identifier: Apache-2.0
#include "transport/buffer_pool.h"

#include <algorithm>
#include <bit>
#include <compare>
#include <exception>
#include <map>
#include <memory>
#include <new>
#include <vector>

#include "taskgraph/free_apart.h"
#include "threads/mutex.h"

namespace taskgraph::transport {
namespace {

constexpr std::align_val_t kAlignment{kBufferAlignment};

void* Allocate(const VectorKind* kind, std::size_t bytes) {
  if (kind == nullptr) return operator new(bytes, kAlignment, std::nothrow);
  try {
    return kind->make(bytes);
  } catch (const std::exception&) {
    return nullptr;
  }
}

void Free(const VectorKind* kind, void* memory) {
  if (kind == nullptr) return operator delete(memory, kAlignment);
  kind->free(memory);
}

const std::byte* DataOf(const VectorKind* kind, void* memory) {
  return kind == nullptr ? static_cast<std::byte*>(memory)
                         : kind->grow(memory, 0);
}

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

// Keeps bare memory and, with their memory, vectors.
class BufferPool::Shelf {
 public:
  // What can take each other's place.
  struct Sort {
    std::size_t capacity = 0;
    const VectorKind* kind = nullptr;  // Null: bare memory.
    friend auto operator<=>(const Sort&, const Sort&) = default;
  };

  explicit Shelf(std::size_t kept_bytes_max)
      : kept_bytes_max_(kept_bytes_max) {}
  Shelf(const Shelf&) = delete;
  Shelf& operator=(const Shelf&) = delete;
  ~Shelf() {
    for (auto& [sort, buffers] : kept_) {
      for (void* memory : buffers) Free(sort.kind, memory);
    }
  }

  void* Take(const Sort& sort) {
    {
      const threads::Lock lock(mutex_);
      const auto found = kept_.find(sort);
      if (found != kept_.end()) return Pop(found);
      if (has_large()) GiveUpAll();  // Another one is in use now.
    }
    return Allocate(sort.kind, sort.capacity);
  }

  void Return(void* memory, const Sort& sort) {
    if (!Keep(memory, sort)) FreeSort(memory, sort);
  }

  void Tick() {
    const threads::Lock lock(mutex_);
    beats_ = true;
    if (has_large() && --large_beats_left_ == 0) GiveUpAll();
  }
  void Rest() {
    const threads::Lock lock(mutex_);
    beats_ = false;
    if (has_large()) GiveUpAll();
  }

  std::size_t kept_bytes() const {
    const threads::Lock lock(mutex_);
    return kept_bytes_;
  }

 private:
  using Kept = std::map<Sort, std::vector<void*>>;

  static void FreeSort(void* memory, const Sort& sort) {
    FreeApart({DataOf(sort.kind, memory), sort.capacity},
              [memory, kind = sort.kind] { Free(kind, memory); });
  }

  bool Keep(void* memory, const Sort& sort) {
    const threads::Lock lock(mutex_);
    MakeRoom(sort);
    if (kept_bytes_ + sort.capacity > kept_bytes_max_) {
      if (kept_bytes_ > 0 || !beats_) return false;
      large_beats_left_ = kLargeBeats;
    }
    kept_[sort].push_back(memory);
    kept_bytes_ += sort.capacity;
    return true;
  }

  void* Pop(Kept::iterator at) TASKGRAPH_REQUIRES(mutex_) {
    void* memory = at->second.back();
    at->second.pop_back();
    kept_bytes_ -= at->first.capacity;
    if (at->second.empty()) kept_.erase(at);
    return memory;
  }

  // It is the only one then.
  bool has_large() const TASKGRAPH_REQUIRES(mutex_) {
    return kept_bytes_ > kept_bytes_max_;
  }
  void GiveUpAll() TASKGRAPH_REQUIRES(mutex_) {
    while (!kept_.empty()) {
      const Sort sort = kept_.begin()->first;
      FreeSort(Pop(kept_.begin()), sort);
    }
  }

  // Gives up other sorts first: one just returned is in use now, while those
  // may belong to a phase of the job that is over.
  void MakeRoom(const Sort& sort) TASKGRAPH_REQUIRES(mutex_) {
    auto at = kept_.begin();
    while (at != kept_.end() && kept_bytes_ + sort.capacity > kept_bytes_max_) {
      if (at->first == sort) {
        ++at;
        continue;
      }
      const Sort other = at->first;
      FreeSort(Pop(at), other);
      at = kept_.begin();
    }
  }

  const std::size_t kept_bytes_max_;
  mutable threads::Mutex mutex_;
  Kept kept_ TASKGRAPH_GUARDED_BY(mutex_);
  std::size_t kept_bytes_ TASKGRAPH_GUARDED_BY(mutex_) = 0;
  bool beats_ TASKGRAPH_GUARDED_BY(mutex_) = false;
  int large_beats_left_ TASKGRAPH_GUARDED_BY(mutex_) = 0;
};

BufferPool::BufferPool(std::size_t kept_bytes_max)
    : shelf_(std::make_shared<Shelf>(kept_bytes_max)) {}

std::shared_ptr<std::byte> BufferPool::Take(std::size_t bytes) {
  if (bytes < kPooledBytesMin) return TakeSmall(bytes);
  return std::static_pointer_cast<std::byte>(
      TakeFromShelf(nullptr, RoundUp(bytes)));
}

std::shared_ptr<void> BufferPool::TakeVector(const VectorKind& kind,
                                             std::size_t bytes) {
  std::shared_ptr<void> vector = TakeFromShelf(&kind, RoundUp(bytes));
  if (vector) kind.shrink(vector.get(), bytes);
  return vector;
}

std::shared_ptr<void> BufferPool::TakeFromShelf(const VectorKind* kind,
                                                std::size_t capacity) {
  const Shelf::Sort sort{capacity, kind};
  void* memory = shelf_->Take(sort);
  if (memory == nullptr) return nullptr;
  return std::shared_ptr<void>(memory, [shelf = shelf_, sort](void* last) {
    shelf->Return(last, sort);
  });
}

void BufferPool::Tick() { shelf_->Tick(); }
void BufferPool::Rest() { shelf_->Rest(); }

std::size_t BufferPool::kept_bytes() const { return shelf_->kept_bytes(); }

}  // namespace taskgraph::transport
