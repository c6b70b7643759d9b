// SPDX-License-Identifier: Apache-2.0
#include "simulation/report.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace taskgraph {
namespace {

constexpr std::size_t kTraceLinesMax = 200;

// As C++ has them.
constexpr std::array<std::string_view, kFaultKinds> kEnumerators = {
    "kKillNode",         "kKillMany",      "kDrainNode", "kStopNode",
    "kCutNodes",         "kCutOneWay",     "kBreakPipe", "kCutFromCoordinator",
    "kCloseCoordinator", "kRevokeSession", "kCompact",   "kKillController",
    "kStopController",   "kCutController", "kLoseCall",  "kLoseAnswer",
    "kLateCall",         "kLateWatch",     "kRelist",    "kThrow",
    "kRetire",           "kLongTurn",      "kBadCopy"};

std::string Counted(std::uint64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// With the literals of std::chrono_literals.
std::string AsCode(Duration duration) {
  return std::to_string(duration.count()) + "ns";
}

std::string AsCode(const Fault& fault) {
  std::string code =
      "{.at = " + AsCode(fault.at) + ", .kind = FaultKind::" +
      std::string(kEnumerators[static_cast<std::size_t>(fault.kind)]);
  if (fault.whom != 0) code += ", .whom = " + std::to_string(fault.whom);
  if (fault.other != 0) code += ", .other = " + std::to_string(fault.other);
  if (fault.lasts > Duration{}) code += ", .lasts = " + AsCode(fault.lasts);
  return code + "}";
}

std::string AsCode(const SimulationPlan& plan) {
  std::string code = "{.seed = " + std::to_string(plan.seed);
  if (plan.tasks > 0) code += ", .tasks = " + std::to_string(plan.tasks);
  code += ", .nodes = " + std::to_string(plan.nodes) + ",\n   .faults = {";
  for (std::size_t i = 0; i < plan.faults.size(); ++i) {
    code +=
        (i > 0 ? "," : "") + std::string("\n      ") + AsCode(plan.faults[i]);
  }
  return code + "},\n   .heals_at = " + AsCode(plan.heals_at) + "}";
}

std::string SizeOf(const SimulationPlan& plan) {
  std::string text = plan.faults.empty()
                         ? "without any fault"
                         : "with " + Counted(plan.faults.size(), "fault");
  text += ", " + Counted(plan.nodes, "node");
  if (plan.tasks > 0) text += ", " + Counted(plan.tasks, "task");
  return text;
}

std::string Headline(const SimulationFailure& failure) {
  return "breaks '" + failure.rule + "' at " + sim::Stamp(failure.at) + " s, " +
         SizeOf(failure.plan);
}

std::string Told(const SimulationFailure& failure) {
  std::string text = Headline(failure) + ":\n  " + failure.what + "\n";
  if (failure.rule.starts_with("R")) {
    text +=
        "  That is a rule of TaskGraph's own (docs/protocol.md): please report "
        "it as a bug.\n";
  }
  return text;
}

}  // namespace

std::string SimulationReport::Describe() const {
  if (ok()) {
    std::uint64_t happened = 0;
    for (const auto& [kind, count] : faults) happened += count;
    return "all is well after " + Counted(runs, "run") + " with " +
           Counted(happened, "fault") + " in " + sim::Stamp(simulated) +
           " s of virtual time\n";
  }
  const SimulationFailure& least = shrunk ? *shrunk : *failure;
  std::string text =
      "seed " + std::to_string(failure->plan.seed) + " " + Told(*failure);
  if (shrunk && shrunk->what == failure->what) {
    text += "A smaller run " + Headline(least) + ".\n";
  } else if (shrunk) {
    text += "A smaller run " + Told(least);
  }
  if (!least.plan.faults.empty()) text += "Its faults:\n";
  for (const Fault& fault : least.plan.faults) {
    text += "  " + taskgraph::Describe(fault) + "\n";
  }
  text += "What happened:\n" + least.trace;
  if (failure->rule == "determinism") return text;
  return text + "To see it again, as a test:\n  taskgraph::Replay(job, " +
         AsCode(least.plan) + ", options)\n";
}

namespace simulation {
namespace {

std::string Tail(const std::vector<Line>& lines) {
  const std::size_t left_out =
      lines.size() - std::min(lines.size(), kTraceLinesMax);
  std::string text;
  if (left_out > 0) text = "(" + Counted(left_out, "line") + " before)\n";
  for (std::size_t i = left_out; i < lines.size(); ++i) {
    text += lines[i].text + "\n";
  }
  return text;
}

// How many lines were the same, and so was all that happened until the next.
std::size_t Common(const std::vector<Line>& a, const std::vector<Line>& b) {
  std::size_t same = 0;
  while (same < std::min(a.size(), b.size()) && a[same].text == b[same].text &&
         a[same].hash == b[same].hash) {
    ++same;
  }
  return same;
}

}  // namespace

SimulationFailure FailureOf(const RunResult& broken) {
  const sim::Violation& violation = *broken.violation;
  return {violation.rule, violation.what, violation.when, broken.plan,
          Tail(broken.lines)};
}

SimulationFailure NotDeterministic(const RunResult& one,
                                   const RunResult& another,
                                   const std::string& how) {
  const std::size_t same = Common(one.lines, another.lines);
  std::vector<Line> until(
      one.lines.begin(), one.lines.begin() + static_cast<std::ptrdiff_t>(same));
  std::string what = how;
  if (same > 0 && one.hash != another.hash) {
    what += "; two runs part after '" + until.back().text + "'";
  }
  what +=
      ". Callbacks, builders, topologies and the script may use no clock, no "
      "random numbers but from a fixed seed, no addresses, nothing that "
      "outlives a run, such as a static variable or a file, and nothing that "
      "was never set, such as the gaps of a struct";
  return {"determinism", what, one.lasted, one.plan, Tail(until)};
}

}  // namespace simulation
}  // namespace taskgraph
