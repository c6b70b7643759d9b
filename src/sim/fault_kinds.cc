// SPDX-License-Identifier: Apache-2.0
#include "sim/fault_kinds.h"

#include <array>

#include "sim/trace.h"

namespace taskgraph {
namespace {

using sim::Subject;

struct Word {
  std::string_view name;
  Subject subject;
};

constexpr std::array<Word, kFaultKinds> kWords = {{
    {"kill", Subject::kNode},
    {"kill-many", Subject::kNothing},
    {"drain", Subject::kNode},
    {"stop", Subject::kNode},
    {"cut", Subject::kTwoNodes},
    {"one-way", Subject::kTwoNodes},
    {"break", Subject::kTwoNodes},
    {"cut-from-coordinator", Subject::kNode},
    {"coordinator", Subject::kNothing},
    {"revoke", Subject::kNode},
    {"compact", Subject::kNothing},
    {"kill-controller", Subject::kController},
    {"stop-controller", Subject::kController},
    {"cut-controller", Subject::kController},
    {"lose-call", Subject::kNothing},
    {"lose-answer", Subject::kNothing},
    {"late-call", Subject::kNothing},
    {"late-watch", Subject::kNothing},
    {"relist", Subject::kNothing},
    {"throw", Subject::kTask},
    {"retire", Subject::kTask},
    {"long-turn", Subject::kTask},
    {"bad-copy", Subject::kTask},
}};

const Word& WordOf(FaultKind kind) {
  return kWords[static_cast<std::size_t>(kind)];
}

}  // namespace

namespace sim {

Subject Concerns(FaultKind kind) { return WordOf(kind).subject; }

bool Lasts(FaultKind kind) {
  switch (kind) {
    case FaultKind::kStopNode:
    case FaultKind::kCutNodes:
    case FaultKind::kCutOneWay:
    case FaultKind::kCutFromCoordinator:
    case FaultKind::kCloseCoordinator:
    case FaultKind::kStopController:
    case FaultKind::kCutController:
    case FaultKind::kLateCall:
    case FaultKind::kLateWatch:
    case FaultKind::kLongTurn:
      return true;
    default:
      return false;
  }
}

}  // namespace sim

std::string_view Name(FaultKind kind) { return WordOf(kind).name; }

std::vector<FaultKind> AllFaultKinds() {
  std::vector<FaultKind> kinds;
  for (int i = 0; i < kFaultKinds; ++i) {
    kinds.push_back(static_cast<FaultKind>(i));
  }
  return kinds;
}

std::string Describe(const Fault& fault) {
  const std::string whom = std::to_string(fault.whom);
  std::string text =
      sim::Stamp(fault.at) + " s: " + std::string(Name(fault.kind));
  switch (sim::Concerns(fault.kind)) {
    case Subject::kNothing:
      break;
    case Subject::kNode:
      text += " node " + whom;
      break;
    case Subject::kTwoNodes:
      text += " nodes " + whom + " and " + std::to_string(fault.other);
      break;
    case Subject::kController:
      text += " controller " + whom;
      break;
    case Subject::kTask:
      text += " task " + whom;
      break;
  }
  if (sim::Lasts(fault.kind)) text += " for " + sim::Stamp(fault.lasts) + " s";
  return text;
}

}  // namespace taskgraph
