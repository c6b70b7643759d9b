// SPDX-License-Identifier: Apache-2.0
//
// Array<T>: numbers that many may read and nobody may change.
//
// Intuition: a vector has one owner, and whoever else wants it needs a copy. An
// array is a photograph of it: made once, then handed round.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <type_traits>
#include <utility>
#include <vector>

#include "taskgraph/payload.h"

namespace taskgraph {

template <typename T>
concept Number = std::is_arithmetic_v<T> || std::is_enum_v<T>;

// An immutable array that is shared, not copied: made from a vector by moving
// it in, sent from its own memory, and received as a view of the buffer that
// the socket wrote into. Use it for large vectors.
template <Number T>
class Array {
 public:
  Array() = default;
  Array(std::vector<T> values) {  // NOLINT: implicit, so an answer reads well.
    // Not Payload::Own: who receives an array does not need a vector.
    const auto owner = Payload::OwnerOf(std::move(values));
    payload_ = Payload(owner, owner->data(), owner->size() * sizeof(T));
  }
  Array(std::initializer_list<T> values) : Array(std::vector<T>(values)) {}

  // Views `payload`, whose size must be a multiple of sizeof(T), suitably
  // aligned.
  static Array View(Payload payload) {
    Array array;
    array.payload_ = std::move(payload);
    return array;
  }

  const T* data() const { return reinterpret_cast<const T*>(payload_.data()); }
  std::size_t size() const { return payload_.size() / sizeof(T); }
  bool empty() const { return payload_.empty(); }
  const T& operator[](std::size_t i) const { return data()[i]; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size(); }
  const Payload& payload() const { return payload_; }

 private:
  Payload payload_;
};

}  // namespace taskgraph
