// SPDX-License-Identifier: Apache-2.0
//
// NumberRow: what is known by its number, where numbers come, and go, nearly in
// their order.
//
// Intuition: the hooks of a cloakroom, which are filled from left to right and
// mostly emptied so, too: the right one is found by counting, where a tree
// would be climbed and balanced. The row is a ring, so that nothing moves. A
// hook that was emptied before those on its left stays free until these are;
// when there is none left the coats move together. Who comes too late for a
// hook is put in a tree.
//
// Add and Erase take constant time, on average, for numbers that come and go in
// their order; to find one takes constant time where none is left out, else a
// search by halves. For any other numbers it takes as long as in a tree.
// References hold until the next Add or Erase. What was moved away may be
// assigned to or destroyed, no more. Not thread-safe.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace taskgraph::core {

template <typename T>
class NumberRow {
 public:
  using Number = std::uint64_t;

  std::size_t size() const { return taken_ + late_.size(); }
  bool empty() const { return size() == 0; }

  // The lowest number; there must be one.
  Number first() const {
    if (taken_ == 0) return late_.begin()->first;
    const Number first = At(0).number;
    return late_.empty() ? first : std::min(first, late_.begin()->first);
  }

  // Null: it is not there.
  T* Find(Number number) {
    const std::size_t at = Seek(number);
    if (Holds(at, number)) return &At(at).item;
    if (late_.empty()) return nullptr;
    const auto late = late_.find(number);
    return late == late_.end() ? nullptr : &late->second;
  }

  const T* Find(Number number) const {
    return const_cast<NumberRow*>(this)->Find(number);
  }

  // Of a number that is not there.
  T& Add(Number number) {
    if (hooks_ > 0 && number <= At(hooks_ - 1).number) return late_[number];
    if (hooks_ == ring_.size()) MakeRoom();
    ++taken_;
    Hook& hook = At(hooks_++);
    hook.number = number;
    hook.taken = true;
    return hook.item;
  }

  // Does nothing if it is not there.
  void Erase(Number number) {
    const std::size_t at = Seek(number);
    if (Holds(at, number)) {
      Free(At(at));
      Tidy();
    } else {
      late_.erase(number);
    }
  }

  // Those of [from, below) for which `may_go(item)`.
  template <typename MayGo>
  void EraseIf(Number from, Number below, MayGo may_go) {
    for (std::size_t at = Seek(from); at < hooks_; ++at) {
      Hook& hook = At(at);
      if (hook.number >= below) break;
      if (hook.taken && may_go(hook.item)) Free(hook);
    }
    Tidy();
    if (late_.empty()) return;
    auto late = late_.lower_bound(from);
    while (late != late_.end() && late->first < below) {
      late = may_go(late->second) ? late_.erase(late) : std::next(late);
    }
  }

  // `visit(number, item)`, in the order of the numbers.
  template <typename Visit>
  void ForEach(Visit visit) const {
    auto late = late_.begin();
    for (std::size_t at = 0; at < hooks_; ++at) {
      const Hook& hook = At(at);
      if (!hook.taken) continue;
      for (; late != late_.end() && late->first < hook.number; ++late) {
        visit(late->first, late->second);
      }
      visit(hook.number, hook.item);
    }
    for (; late != late_.end(); ++late) visit(late->first, late->second);
  }

  void Clear() {
    for (std::size_t at = 0; at < hooks_; ++at) {
      if (At(at).taken) Free(At(at));
    }
    Tidy();
    late_.clear();
  }

 private:
  struct Hook {
    Number number = 0;
    bool taken = false;
    T item{};
  };
  static constexpr std::size_t kSizeKept = 4;  // When nothing is there.

  Hook& At(std::size_t i) { return ring_[(first_ + i) & (ring_.size() - 1)]; }
  const Hook& At(std::size_t i) const {
    return ring_[(first_ + i) & (ring_.size() - 1)];
  }

  // The first hook of a number that is not below `number`. Numbers rise by one
  // or more from hook to hook, so it is not further than they are apart.
  std::size_t Seek(Number number) const {
    if (hooks_ == 0 || number <= At(0).number) return 0;
    const Number apart = number - At(0).number;
    std::size_t high = hooks_;
    if (apart < hooks_) {
      high = static_cast<std::size_t>(apart);
      if (At(high).number == number) return high;
    }
    std::size_t low = 0;
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if (At(middle).number < number) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
  bool Holds(std::size_t at, Number number) const {
    return at < hooks_ && At(at).taken && At(at).number == number;
  }

  void Free(Hook& hook) {
    std::destroy_at(&hook.item);
    std::construct_at(&hook.item);
    hook.taken = false;
    --taken_;
  }
  // Whatever is free at either end is no part of the row any more.
  void Tidy() {
    if (taken_ == 0) {
      hooks_ = first_ = 0;
      if (ring_.size() > kSizeKept) ring_ = std::vector<Hook>();
      return;
    }
    while (!At(0).taken) {
      first_ = (first_ + 1) & (ring_.size() - 1);
      --hooks_;
    }
    while (!At(hooks_ - 1).taken) --hooks_;
  }
  // Another ring, where none is free between others, and half or more at the
  // end.
  void MakeRoom() {
    std::vector<Hook> ring(std::bit_ceil(std::max<std::size_t>(2 * taken_, 1)));
    std::size_t moved = 0;
    for (std::size_t at = 0; at < hooks_; ++at) {
      if (At(at).taken) ring[moved++] = std::move(At(at));
    }
    ring_ = std::move(ring);
    first_ = 0;
    hooks_ = moved;
  }

  std::vector<Hook> ring_;  // A power of two.
  std::size_t first_ = 0;   // In ring_.
  std::size_t hooks_ = 0;   // Of the row, free ones among them included.
  std::size_t taken_ = 0;
  std::map<Number, T> late_;
};

}  // namespace taskgraph::core
