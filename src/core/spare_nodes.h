// SPDX-License-Identifier: Apache-2.0
//
// SpareNodes: a few nodes of a std::map or std::set that hold nothing at
// present, and are used again.
//
// Intuition: an office that keeps its empty folders. Requests come and go, and
// each needs the same memory for as long as it lasts. If that goes back to the
// allocator each time, then with ten thousand tasks each gets pieces that lay
// anywhere; what a task keeps lies where its other memory lies.
//
// Not thread-safe.
#pragma once

#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace taskgraph::core {

template <typename Container>
class SpareNodes {
 public:
  using Iterator = typename Container::iterator;
  using Key = typename Container::key_type;

  // As container.try_emplace(hint, key) does; of a set, as insert(hint, key).
  Iterator Insert(Container& container, Iterator hint, const Key& key) {
    if (nodes_.empty()) {
      if constexpr (kIsMap) {
        return container.try_emplace(hint, key);
      } else {
        return container.insert(hint, key);
      }
    }
    Node node = std::move(nodes_.back());
    nodes_.pop_back();
    if constexpr (kIsMap) {
      node.key() = key;
    } else {
      node.value() = key;
    }
    return container.insert(hint, std::move(node));
  }

  // As container.erase(at) does.
  Iterator Erase(Container& container, Iterator at) {
    if (nodes_.size() >= kMax) return container.erase(at);
    const Iterator next = std::next(at);
    Keep(container.extract(at));
    return next;
  }
  // As container.erase(key) does; says whether it was there.
  bool Erase(Container& container, const Key& key) {
    const Iterator at = container.find(key);
    if (at == container.end()) return false;
    Erase(container, at);
    return true;
  }

  // As container.clear() does.
  void Clear(Container& container) {
    while (!container.empty() && nodes_.size() < kMax) {
      Keep(container.extract(container.begin()));
    }
    container.clear();
  }

 private:
  // What can be cleared keeps its own memory.
  template <typename T>
  static void Empty(T& item) {
    if constexpr (requires { item.Clear(); }) {
      item.Clear();
    } else {
      item = {};
    }
  }

  using Node = typename Container::node_type;
  static constexpr bool kIsMap = requires(Node node) { node.mapped(); };
  static constexpr std::size_t kMax = 4;

  void Keep(Node&& node) {
    if constexpr (kIsMap) Empty(node.mapped());
    nodes_.push_back(std::move(node));
  }

  std::vector<Node> nodes_;
};

}  // namespace taskgraph::core
