// SPDX-License-Identifier: Apache-2.0
//
// HeldMessages and HeldFor: messages that came too early, and wait; HeldFor by
// what they wait for.
//
// Intuition: the shelf behind a porter. It has so many places, and bears so
// much weight; a single parcel may be heavier, if it lies there alone.
//
// Pure. Not thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "core/message_bytes.h"
#include "taskgraph/options.h"

namespace taskgraph::core {

template <typename M>
struct Held {
  NodeId sender;
  M message;
};

// How many there are, and how large.
class HeldSize {
 public:
  template <typename M>
  bool HasRoomFor(const M& message, const LimitOptions& limits) const {
    return count_ < limits.held_messages_max &&
           (count_ == 0 || bytes_ + BytesOf(message) <= limits.held_bytes_max);
  }
  template <typename M>
  void Add(const M& message) {
    ++count_;
    bytes_ += BytesOf(message);
  }
  template <typename M>
  void Remove(const std::vector<Held<M>>& messages) {
    count_ -= messages.size();
    for (const Held<M>& one : messages) bytes_ -= BytesOf(one.message);
  }

 private:
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

template <typename M>
class HeldMessages {
 public:
  bool HasRoomFor(const M& message, const LimitOptions& limits) const {
    return size_.HasRoomFor(message, limits);
  }
  // Whether there is room or not.
  void Add(NodeId sender, M message) {
    size_.Add(message);
    all_.push_back({std::move(sender), std::move(message)});
  }
  // In the order in which they were added.
  std::vector<Held<M>> TakeAll() {
    size_ = {};
    return std::exchange(all_, {});
  }

 private:
  std::vector<Held<M>> all_;
  HeldSize size_;
};

template <typename Key, typename M>
class HeldFor {
 public:
  // Takes `message`; false: there is no room, and it is as it was.
  bool Add(const Key& key, const NodeId& sender, M& message,
           const LimitOptions& limits) {
    if (!size_.HasRoomFor(message, limits)) return false;
    size_.Add(message);
    all_[key].push_back({sender, std::move(message)});
    return true;
  }
  // In the order in which they were added.
  std::vector<Held<M>> Take(const Key& key) {
    const auto found = all_.extract(key);
    if (!found) return {};
    size_.Remove(found.mapped());
    return std::move(found.mapped());
  }

 private:
  std::map<Key, std::vector<Held<M>>> all_;
  HeldSize size_;
};

}  // namespace taskgraph::core
