// SPDX-License-Identifier: Apache-2.0
#include "stage_play.h"

#include <stdexcept>
#include <utility>

namespace scenarios {
namespace {

using namespace std::chrono_literals;
using taskgraph::TaskId;
using taskgraph::Topology;
using taskgraph::sim::World;
using taskgraph::sim::WorldOptions;

// Long enough for every session to run out and every back-off to end.
constexpr taskgraph::Duration kUntilEndMax = 60s;

// No chance anywhere: whatever takes time takes always the same.
WorldOptions Deterministic() {
  WorldOptions options;
  options.start_max = 0ms;
  options.restart_min = options.restart_max = 24h;  // By command only.
  options.network.delay_min = options.network.delay_max = 1ms;
  options.network.notice_max = 0ms;
  options.coordinator.delay_min = options.coordinator.delay_max = 1ms;
  options.coordinator.call_timeout = 0ms;
  options.coordinator.notice_max = 0ms;
  options.turns.usual_min = options.turns.usual_max = 1ms;
  return options;
}

Topology TopologyNamed(const std::string& name) {
  if (name == "ring") return taskgraph::Ring();
  if (name == "mesh") return taskgraph::FullMesh();
  if (name == "star") return taskgraph::Star();
  throw std::logic_error("there is no topology " + name);
}

}  // namespace

StagePlay::StagePlay() = default;
StagePlay::~StagePlay() = default;

void StagePlay::Do(const std::string& command) {
  if (command.starts_with("when ")) return script_.Add(command.substr(5));
  const Line line = Parse(command);
  const std::string verb = line.words.empty() ? "" : line.words[0];
  if (verb == "start") return Start(Deterministic(), line);
  if (!world_) throw std::logic_error("a scenario begins with start");
  if (verb != "run") lines_.push_back("> " + command);
  if (verb == "run") {
    Run(line);
  } else if (verb == "kill") {
    Kill(line);
  } else if (verb == "restart") {
    world_->StartNode(PlaceIn(line));
  } else if (verb == "stop") {
    Stop(line);
  } else if (verb == "cut") {
    Cut(line);
  } else if (verb == "break") {
    world_->BreakPipe(PlaceIn(line),
                      static_cast<std::uint32_t>(line.Number("with")));
  } else if (verb == "coordinator") {
    world_->CloseCoordinator(line.Time("away"));
  } else if (verb == "lose") {
    world_->coordinator_options().lost_answers =
        line.Text("answers") == "on" ? 1 : 0;
  } else if (verb == "revoke") {
    world_->RevokeSession(PlaceIn(line));
  } else if (verb == "compact") {
    world_->CompactHistory();
  } else {
    throw std::logic_error("there is no command '" + command + "'");
  }
}

void StagePlay::Start(const WorldOptions& basis, const Line& line) {
  job_.emplace("play", static_cast<TaskId>(line.Number("tasks", 2)));
  job_->Link("next", TopologyNamed(line.Text("topology", "ring")));
  job_->Build([this](TaskId) { return MakeActor(script_); });
  job_->options().failure.max_failures =
      static_cast<std::uint32_t>(line.Number("max_failures", 3));
  WorldOptions options = basis;
  options.nodes = static_cast<std::uint32_t>(line.Number("nodes", 3));
  options.slots = static_cast<std::uint32_t>(line.Number("slots", 1));
  options.controllers =
      static_cast<std::uint32_t>(line.Number("controllers", 1));
  options.exits_seen = static_cast<double>(line.Number("exits_seen", 1));
  if (line.Has("delay")) {
    options.network.delay_min = options.network.delay_max = line.Time("delay");
  }
  options.trace = taskgraph::sim::Trace::Level::kTurns;
  options.reader = [this](taskgraph::Duration, taskgraph::sim::Trace::Level,
                          std::string_view text) { lines_.emplace_back(text); };
  world_ = std::make_unique<World>(1, *job_, std::move(options));
  world_->stage().planned_time = [this](TaskId task) {
    return script_.TakeSlowness(task);
  };
}

void StagePlay::Run(const Line& line) {
  if (line.Has("for")) return world_->RunFor(line.Time("for"));
  if (line.Text("until") != "end") throw std::logic_error("run until what?");
  world_->RunFor(kUntilEndMax);
  if (!world_->over()) lines_.push_back("it does not end");
}

// "primary of=1", "node=2".
std::uint32_t StagePlay::PlaceIn(const Line& line) const {
  if (line.Has("node")) return static_cast<std::uint32_t>(line.Number("node"));
  const auto place = world_->PlaceOf(static_cast<TaskId>(line.Number("of")));
  if (!place) throw std::logic_error("that task has no primary");
  return *place;
}

void StagePlay::Kill(const Line& line) {
  if (line.Has("controller")) {
    world_->KillController(
        static_cast<std::uint32_t>(line.Number("controller")));
  } else {
    world_->KillNode(PlaceIn(line));
  }
}

void StagePlay::Stop(const Line& line) {
  if (line.Has("controller")) {
    world_->StopController(
        static_cast<std::uint32_t>(line.Number("controller")),
        line.Time("for"));
  } else {
    world_->StopNode(PlaceIn(line), line.Time("for"));
  }
}

void StagePlay::Cut(const Line& line) {
  const std::uint32_t place = PlaceIn(line);
  if (line.Text("from") == "coordinator") {
    return world_->CutFromCoordinator(place, line.Time("for"));
  }
  const auto other = static_cast<std::uint32_t>(line.Number("from"));
  world_->CutNodes(place, other, line.Time("for"));
  world_->CutNodes(other, place, line.Time("for"));
}

std::string StagePlay::trace() const {
  std::string text;
  for (const std::string& line : lines_) text += line + "\n";
  if (world_ && world_->checker().violation()) {
    const auto& violation = *world_->checker().violation();
    text += "VIOLATION of " + violation.rule + ": " + violation.what + "\n";
  }
  return text;
}

}  // namespace scenarios
