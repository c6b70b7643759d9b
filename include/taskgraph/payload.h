// SPDX-License-Identifier: Apache-2.0
//
// Payload: immutable bytes with shared ownership.
//
// Intuition: whoever has a Payload may read it for ever, from any thread, and
// nobody may change it; so a large answer is handed from a task to the socket,
// or to ten neighbors, by counting references and never by copying.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace taskgraph {

class Payload {
 public:
  Payload() = default;

  // Bytes `data[0, size)` that live as long as `owner` does.
  Payload(std::shared_ptr<const void> owner, const void* data, std::size_t size)
      : owner_(std::move(owner)),
        data_(static_cast<const std::byte*>(data)),
        size_(size) {}

  // Takes the text over without copying its heap buffer.
  static Payload Own(std::string text) {
    auto owner = std::make_shared<const std::string>(std::move(text));
    return Payload(owner, owner->data(), owner->size());
  }

  // Takes the vector over without copying its elements.
  template <typename T>
  static Payload Own(std::vector<T> values) {
    static_assert(std::is_trivially_copyable_v<T>);
    auto owner = std::make_shared<const std::vector<T>>(std::move(values));
    return Payload(owner, owner->data(), owner->size() * sizeof(T));
  }

  static Payload Copy(const void* data, std::size_t size) {
    return Own(std::string(static_cast<const char*>(data), size));
  }

  const std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const {
    return {reinterpret_cast<const char*>(data_), size_};
  }
  const std::shared_ptr<const void>& owner() const { return owner_; }

  // Equal bytes, wherever they are.
  friend bool operator==(const Payload& a, const Payload& b) {
    return a.text() == b.text();
  }

 private:
  std::shared_ptr<const void> owner_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace taskgraph
