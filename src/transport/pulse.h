// SPDX-License-Identifier: Apache-2.0
//
// Pulse: the one timer of a transport.
//
// Intuition: silence is counted in heartbeats of one's own. A process that was
// stopped, or did not get a processor, counts no beats meanwhile; so when it
// wakes up it does not take its own sleep for the silence of the others, and
// reads what has come before it accuses anyone (R21).
#pragma once

#include <functional>

#include "transport/reactor_backend.h"
#include "transport/transport.h"

namespace taskgraph::transport {

class Pulse {
 public:
  Pulse(Reactor::Backend& backend, const Options& options);

  // Calls `beat` once per period until it returns kStop. Does nothing while it
  // beats already. `beat` must keep this object alive; it is let go at the end.
  enum class Next { kGoOn, kStop };
  void Start(std::function<Next()> beat);
  void Stop();

  // The number of beats after which `duration` has passed for certain.
  int Beats(Duration duration) const;

 private:
  void Arm(Timer::TimePoint at);

  const Duration period_;
  Timer timer_;
  std::function<Next()> beat_;
  bool beating_ = false;
};

}  // namespace taskgraph::transport
