// SPDX-License-Identifier: Apache-2.0
#include "transport/transport.h"

namespace taskgraph::transport {

std::string_view Name(BreakReason reason) {
  switch (reason) {
    case BreakReason::kRefused:
      return "refused";
    case BreakReason::kReset:
      return "reset";
    case BreakReason::kSilent:
      return "silent";
    case BreakReason::kStalled:
      return "stalled";
    case BreakReason::kTurnedAway:
      return "turned away";
    case BreakReason::kUnreachable:
      return "unreachable";
    case BreakReason::kClosed:
      return "closed";
  }
  return "unknown";
}

}  // namespace taskgraph::transport
