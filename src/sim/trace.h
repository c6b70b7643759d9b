// SPDX-License-Identifier: Apache-2.0
//
// Trace: what happened, as lines for people and as one number to compare runs.
//
// Intuition: a ship's log. The captain's entries (the story) are always
// written; those of the watch (turns, messages) only when somebody will read
// them. The number is made of what is always known, so that it is the same
// whether or not the watch wrote.
//
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "sim/agenda.h"

namespace taskgraph::sim {

class Trace {
 public:
  enum class Level : std::uint8_t { kStory, kTurns, kMessages };
  using Reader = std::function<void(Time, Level, std::string_view)>;

  Trace(const Agenda& agenda, Level level, Reader reader)
      : agenda_(agenda), level_(level), reader_(std::move(reader)) {}

  // Whether a line of that level is worth making.
  bool Wants(Level level) const { return level <= level_; }

  // Adds one line. Lines above kStory leave the hash alone.
  void Line(Level level, std::string text);
  void Story(std::string text) { Line(Level::kStory, std::move(text)); }

  // Adds to the hash what the lines of higher levels would tell.
  void Mix(std::uint64_t value);

  std::uint64_t hash() const { return hash_; }

  // The last lines, oldest first, each with its time.
  std::string Tail() const;

 private:
  static constexpr std::size_t kTailLines = 60;

  const Agenda& agenda_;
  Level level_;
  Reader reader_;
  std::uint64_t hash_ = 0;
  std::deque<std::string> tail_;
};

// "12.345678": seconds.
std::string Stamp(Time time);

}  // namespace taskgraph::sim
