// SPDX-License-Identifier: Apache-2.0
//
// Agenda: virtual time, and what is to happen when.
//
// Intuition: a diary. Time does not flow, it jumps to the next entry; of two
// entries for one moment the one written first comes first. So a run is one
// order of events, whatever the machine does.
//
// Not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "core/assignment.h"

namespace taskgraph::sim {

using core::Time;

class Agenda {
 public:
  using Event = std::function<void()>;

  Time now() const { return now_; }

  // When the next entry is due; kNever: there is none.
  Time next() const {
    return entries_.empty() ? core::kNever : entries_.front().when;
  }

  void At(Time when, Event event) {
    entries_.push_back({std::max(when, now_), ++written_, std::move(event)});
    std::push_heap(entries_.begin(), entries_.end(), IsLater);
  }

  void After(Duration delay, Event event) {
    At(now_ + delay, std::move(event));
  }

  // Carries out the next entry; false: there is none.
  bool RunNext() {
    if (entries_.empty()) return false;
    std::pop_heap(entries_.begin(), entries_.end(), IsLater);
    Entry entry = std::move(entries_.back());
    entries_.pop_back();
    now_ = entry.when;
    entry.event();
    return true;
  }

  // Lets time pass without an event.
  void SkipTo(Time when) { now_ = std::max(now_, when); }

 private:
  struct Entry {
    Time when{};
    std::uint64_t number = 0;
    Event event;
  };
  static bool IsLater(const Entry& a, const Entry& b) {
    return std::pair(a.when, a.number) > std::pair(b.when, b.number);
  }

  Time now_{};
  std::uint64_t written_ = 0;
  std::vector<Entry> entries_;  // A heap; the next one is first.
};

}  // namespace taskgraph::sim
