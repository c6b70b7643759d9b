// SPDX-License-Identifier: Apache-2.0
//
// For tests: plays every schedule of the turn log's world (turn_log_world.h).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/turn_log_world.h"

namespace taskgraph::core {

// Plays every schedule of up to `moves` moves from `world`, each followed by
// its settling; those that lead to the same state are played once.
class Explorer {
 public:
  // What was seen that must not be, and how it came to that; empty: nothing.
  std::string Explore(const TurnLogWorld& world, int moves) {
    if (!world.violation().empty()) return world.violation() + Path();
    const std::size_t state = std::hash<std::string>()(world.Words());
    auto [seen, is_new] =
        left_.try_emplace(state, static_cast<std::int8_t>(moves));
    if (!is_new && seen->second >= moves) return "";
    seen->second = static_cast<std::int8_t>(moves);
    if (is_new) {
      TurnLogWorld settled = world;
      settled.Settle();
      if (!settled.violation().empty()) {
        return settled.violation() + " (settling)" + Path();
      }
    }
    if (moves == 0) return "";
    for (const Move& move : world.Moves()) {
      TurnLogWorld next = world;
      next.Make(move);
      path_.push_back(move);
      std::string violation = Explore(next, moves - 1);
      if (!violation.empty()) return violation;
      path_.pop_back();
    }
    return "";
  }

  std::size_t states() const { return left_.size(); }

 private:
  std::string Path() const {
    std::string words = " after";
    for (const Move& move : path_) words += "\n  " + Words(move);
    return words;
  }

  std::unordered_map<std::size_t, std::int8_t> left_;  // By state.
  std::vector<Move> path_;
};

}  // namespace taskgraph::core
