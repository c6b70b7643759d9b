// SPDX-License-Identifier: Apache-2.0
//
// Payload: immutable bytes with shared ownership.
//
// Intuition: whoever has a Payload may read it for ever, from any thread, and
// nobody may change it; so a large answer is handed from a task to the socket,
// or to ten neighbors, by counting references and never by copying.
//
// It also knows if its bytes are those of a std::vector. Nobody can make a
// vector out of memory that is there already; so who receives such a payload
// makes the vector first, and lets the socket write into it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "taskgraph/free_apart.h"

namespace taskgraph {

// Vectors of these are known, by the number of the type in this list, from 1.
// The numbers travel between nodes.
using KnownElements =
    std::tuple<char, std::byte, std::int8_t, std::uint8_t, std::int16_t,
               std::uint16_t, std::int32_t, std::uint32_t, std::int64_t,
               std::uint64_t, float, double>;
using ElementNumber = std::uint8_t;
inline constexpr ElementNumber kNoVector = 0;

template <typename T>
constexpr ElementNumber ElementNumberOf() {
  return []<typename... Known>(std::type_identity<std::tuple<Known...>>) {
    ElementNumber number = 0;
    const bool is_known = ((++number, std::is_same_v<T, Known>) || ...);
    return is_known ? number : kNoVector;
  }(std::type_identity<KnownElements>());
}

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
    return Share(OwnerOf(std::move(values)));
  }

  // An owner for Share, who lets go of the vector as FreeApart does.
  template <typename T>
  static std::shared_ptr<const std::vector<T>> OwnerOf(std::vector<T> values) {
    return std::shared_ptr<const std::vector<T>>(
        new std::vector<T>(std::move(values)), [](auto* vector) {
          FreeApart(std::as_bytes(std::span(vector->data(), vector->size())),
                    [vector] { delete vector; });
        });
  }

  // The elements of a vector that others may be reading, too.
  template <typename T>
  static Payload Share(std::shared_ptr<const std::vector<T>> values) {
    static_assert(std::is_trivially_copyable_v<T>);
    const void* data = values->data();
    const std::size_t size = values->size() * sizeof(T);
    Payload payload(std::move(values), data, size);
    payload.vector_of_ = ElementNumberOf<T>();
    return payload;
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

  // The vector whose elements these bytes are, where they lie; null if they are
  // not those of a vector of a known T.
  template <typename T>
  const std::vector<T>* AsVector() const {
    if (vector_of_ == kNoVector || vector_of_ != ElementNumberOf<T>()) {
      return nullptr;
    }
    return static_cast<const std::vector<T>*>(owner_.get());
  }
  ElementNumber vector_of() const { return vector_of_; }

  // Equal bytes, wherever they are.
  friend bool operator==(const Payload& a, const Payload& b) {
    return a.text() == b.text();
  }

 private:
  std::shared_ptr<const void> owner_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  ElementNumber vector_of_ = kNoVector;  // Else the owner is that vector.
};

}  // namespace taskgraph
