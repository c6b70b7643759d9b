// SPDX-License-Identifier: Apache-2.0
//
// Fifo: first in, first out; for the many queues that are nearly always empty
// or short.
//
// Intuition: a std::deque has half a KiB of memory even if nothing is in it,
// and takes and gives back more while it is used. With ten thousand tasks that
// alone is more than a processor's cache holds. This one is a vector that is
// read from the front: it has no memory until it is used, and what it has then
// it keeps.
//
// Not thread-safe.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

namespace taskgraph::core {

template <typename T>
class Fifo {
  static_assert(std::is_nothrow_move_constructible_v<T>);  // Or it is copied.

 public:
  bool empty() const { return first_ == items_.size(); }
  std::size_t size() const { return items_.size() - first_; }
  const T& front() const { return items_[first_]; }
  const T& operator[](std::size_t i) const { return items_[first_ + i]; }
  T& back() { return items_.back(); }

  void push_back(T&& item) { items_.push_back(std::move(item)); }
  void push_back(const T& item) { items_.push_back(item); }
  template <typename... Parts>
  T& emplace_back(Parts&&... parts) {
    return items_.emplace_back(std::forward<Parts>(parts)...);
  }
  // Before all others; takes time in proportion to their number.
  void push_front(T item) { items_.insert(Begin(), std::move(item)); }

  // Takes the first one out.
  T Pop() {
    T item = std::move(items_[first_]);
    Drop();
    return item;
  }
  void PopInto(T& item) {
    item = std::move(items_[first_]);
    Drop();
  }

  // From the first to the last.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (std::size_t i = first_; i < items_.size(); ++i) visit(items_[i]);
  }

  void clear() {
    items_.clear();
    first_ = 0;
  }

 private:
  static constexpr std::size_t kGapMax = 16;

  void Drop() {
    ++first_;
    if (empty()) {
      clear();
    } else if (first_ >= kGapMax && first_ >= size()) {
      items_.erase(items_.begin(), Begin());  // As many as remain, at least.
      first_ = 0;
    }
  }
  auto Begin() { return items_.begin() + static_cast<std::ptrdiff_t>(first_); }

  std::vector<T> items_;
  std::size_t first_ = 0;  // Those before it were taken out.
};

}  // namespace taskgraph::core
