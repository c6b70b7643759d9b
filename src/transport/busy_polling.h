// SPDX-License-Identifier: Apache-2.0
//
// BusyPolling: when to look for events for a while before going to sleep.
//
// Intuition: to fall asleep and to be woken takes longer than a short message
// does. Who expects an answer in a moment stays awake; who has waited in vain
// does so less and less often.
//
// That to look for as long as a sleep costs is at most twice as dear as knowing
// the future: Karlin, Li, Manasse and Owicki, "Empirical Studies of Competitive
// Spinning for a Shared-Memory Multiprocessor", SOSP 1991.
//
// Pure.
#pragma once

#include <algorithm>

#include "taskgraph/types.h"

namespace taskgraph::transport {

class BusyPolling {
 public:
  static constexpr int kPauseMax = 255;

  // For so long at a time; 0: never.
  explicit BusyPolling(Duration length) : length_(length) {}

  // How long to look before the sleep that comes next; 0: not at all.
  Duration Next() {
    if (pause_ == 0) return length_;
    --pause_;
    return {};
  }
  // How that went. After each look in vain in a row twice as many sleeps, and
  // one more, go without.
  void Tell(bool was_worth_it) {
    last_pause_ = was_worth_it ? 0 : std::min(2 * last_pause_ + 1, kPauseMax);
    pause_ = last_pause_;
  }

 private:
  Duration length_;
  int pause_ = 0;  // Sleeps that go without.
  int last_pause_ = 0;
};

}  // namespace taskgraph::transport
