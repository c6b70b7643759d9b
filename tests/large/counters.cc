// SPDX-License-Identifier: Apache-2.0
#include "large/counters.h"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <new>
#include <string>

namespace {

std::atomic<std::uint64_t> allocated{0};
std::atomic<std::uint64_t> copied{0};

void Count(std::atomic<std::uint64_t>& counter, std::size_t bytes) {
  if (bytes >= taskgraph::test::kCountedBytesMin) counter += bytes;
}

void* Allocate(std::size_t bytes, std::size_t alignment) noexcept {
  Count(allocated, bytes);
  // A multiple of the alignment, as aligned_alloc wants it.
  const std::size_t whole = (bytes + alignment - 1) / alignment * alignment;
  return alignment <= alignof(std::max_align_t)
             ? std::malloc(bytes)
             : std::aligned_alloc(alignment, whole);
}

void* OrThrow(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) { return OrThrow(Allocate(bytes, 1)); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return Allocate(bytes, 1);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return OrThrow(Allocate(bytes, static_cast<std::size_t>(alignment)));
}
void* operator new(std::size_t bytes, std::align_val_t alignment,
                   const std::nothrow_t&) noexcept {
  return Allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

// The linker gives calls of memcpy to __wrap_memcpy, and memcpy the name
// __real_memcpy (see CMakeLists.txt).
// NOLINTBEGIN(bugprone-reserved-identifier): the linker's names.
extern "C" {
void* __real_memcpy(void* to, const void* from, std::size_t bytes);
void* __real_memmove(void* to, const void* from, std::size_t bytes);

void* __wrap_memcpy(void* to, const void* from, std::size_t bytes) {
  Count(copied, bytes);
  return __real_memcpy(to, from, bytes);
}
void* __wrap_memmove(void* to, const void* from, std::size_t bytes) {
  Count(copied, bytes);
  return __real_memmove(to, from, bytes);
}
}
// NOLINTEND(bugprone-reserved-identifier)

namespace taskgraph::test {

std::uint64_t AllocatedBytes() { return allocated; }
std::uint64_t CopiedBytes() { return copied; }

std::uint64_t PeakBytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    std::uint64_t kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes << 10;
  }
  return 0;
}

}  // namespace taskgraph::test
