// SPDX-License-Identifier: Apache-2.0
#include "transport/pulse.h"

#include <algorithm>
#include <utility>

namespace taskgraph::transport {
namespace {

// Two beats per heartbeat, so that an idle connection is silent for one and a
// half intervals at most; and fine enough for the time of connecting.
Duration PeriodFor(const Options& options) {
  const Duration wanted =
      std::min(options.heartbeat_interval / 2, options.connect_timeout / 8);
  return std::max<Duration>(wanted, std::chrono::milliseconds(1));
}

}  // namespace

Pulse::Pulse(Reactor::Backend& backend, const Options& options)
    : period_(PeriodFor(options)), timer_(backend) {}

void Pulse::Start(std::function<Next()> beat) {
  if (beating_) return;
  beating_ = true;
  beat_ = std::move(beat);
  Arm(Reactor::Backend::Now() + period_);
}

void Pulse::Stop() {
  beating_ = false;
  beat_ = nullptr;
  timer_.Stop();
}

int Pulse::Beats(Duration duration) const {
  return static_cast<int>((duration + period_ - Duration(1)) / period_);
}

void Pulse::Arm(Timer::TimePoint at) {
  // A copy of `beat_` keeps alive whatever it refers to.
  timer_.Set(at, [this, beat = beat_] {
    if (beat() == Next::kStop || !beating_) {
      beating_ = false;
      beat_ = nullptr;
      return;
    }
    // In step with the last beat, but never trying to catch up.
    Arm(std::max(timer_.at() + period_, Reactor::Backend::Now()));
  });
}

}  // namespace taskgraph::transport
