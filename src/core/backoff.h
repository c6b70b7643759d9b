// SPDX-License-Identifier: Apache-2.0
//
// Backoff: when to knock again at a door that did not open.
//
// Intuition: soon at first, then half as often each time, so that a short
// absence costs little and a long one does not turn into noise.
//
// Pure. No randomness: who retries at the same moment was turned away at
// different ones.
#pragma once

#include <algorithm>

#include "core/assignment.h"
#include "taskgraph/options.h"

namespace taskgraph::core {

class Backoff {
 public:
  Backoff(Duration min, Duration max) : min_(min), max_(max) {}
  explicit Backoff(const FailureOptions& options)
      : Backoff(options.backoff_min, options.backoff_max) {}

  bool waiting() const { return until_ != kNever; }
  Time until() const { return until_; }
  // It never waited, or was encouraged since.
  bool fresh() const { return delay_ == Duration{}; }

  // Starts to wait; a refusal while waiting belongs to the same attempt.
  void Wait(Time now) {
    if (waiting()) return;
    delay_ = delay_ == Duration{} ? min_ : std::min(2 * delay_, max_);
    until_ = now + delay_;
  }

  // The wait is over; the next one is longer unless Encourage comes first.
  void Resume() { until_ = kNever; }

  // Somebody is at home: the next wait is short again.
  void Encourage() { delay_ = {}; }

 private:
  Duration min_;
  Duration max_;
  Duration delay_{};
  Time until_ = kNever;
};

}  // namespace taskgraph::core
