// SPDX-License-Identifier: Apache-2.0
//
// The passing of time. A storm lasts; so here, unlike in tests, one may wait
// for no event but time itself. No verdict hangs on it, but for guards of a
// minute against what never comes.
#pragma once

#include <poll.h>

#include <chrono>

namespace taskgraph::storm {

using Clock = std::chrono::steady_clock;

class Deadline {
 public:
  explicit Deadline(int ms)
      : end_(Clock::now() + std::chrono::milliseconds(ms)) {}
  bool IsOver() const { return Clock::now() >= end_; }

 private:
  Clock::time_point end_;
};

inline void Pass(int ms) { ::poll(nullptr, 0, ms); }

// Nothing that can be expected to come takes longer.
inline constexpr int kGuardMs = 60'000;

}  // namespace taskgraph::storm
