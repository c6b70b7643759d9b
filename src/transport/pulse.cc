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

Pulse::Pulse(asio::io_context& io, const Options& options)
    : period_(PeriodFor(options)), timer_(io) {}

void Pulse::Start(std::function<Next()> beat) {
  if (beating_) return;
  beating_ = true;
  beat_ = std::move(beat);
  timer_.expires_after(period_);
  Arm();
}

void Pulse::Stop() {
  beating_ = false;
  beat_ = nullptr;
  timer_.cancel();
}

int Pulse::Beats(Duration duration) const {
  return static_cast<int>((duration + period_ - Duration(1)) / period_);
}

void Pulse::Arm() {
  // A copy of `beat_` keeps alive whatever it refers to.
  timer_.async_wait([this, beat = beat_](const asio::error_code& error) {
    if (error || !beating_) return;
    if (beat() == Next::kStop || !beating_) {
      beating_ = false;
      beat_ = nullptr;
      return;
    }
    // In step with the last expiry, but never trying to catch up.
    const auto next = timer_.expiry() + period_;
    timer_.expires_at(std::max(next, std::chrono::steady_clock::now()));
    Arm();
  });
}

}  // namespace taskgraph::transport
