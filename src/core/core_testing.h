// SPDX-License-Identifier: Apache-2.0
//
// For tests of the core: picking orders out of what a machine returned.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "core/vocabulary.h"

namespace taskgraph::core {

// All orders of one kind, in their order.
template <typename Order>
std::vector<Order> Those(const Outputs& outputs) {
  std::vector<Order> found;
  for (const Output& output : outputs) {
    if (const auto* order = std::get_if<Order>(&output)) {
      found.push_back(*order);
    }
  }
  return found;
}

// The only order of its kind; none, or several: nothing.
template <typename Order>
std::optional<Order> TheOnly(const Outputs& outputs) {
  std::vector<Order> found = Those<Order>(outputs);
  if (found.size() != 1) return std::nullopt;
  return std::move(found.front());
}

}  // namespace taskgraph::core
