// SPDX-License-Identifier: Apache-2.0
#include "sim/world.h"

#include <algorithm>
#include <utility>

#include "core/links.h"
#include "runtime/job_checks.h"

namespace taskgraph::sim {
namespace {

// Keys of others, whose names are like the job's (R24).
constexpr const char* kForeign[] = {"/taskgraph/%job", "/taskgraph/%job2/spec",
                                    "/taskgraph/%job.old/status", "/taskgraph/",
                                    "/other"};

std::string ForeignKey(const char* pattern, const std::string& job) {
  std::string key = pattern;
  const std::size_t at = key.find("%job");
  if (at != std::string::npos) key.replace(at, 4, job);
  return key;
}

coordination::JobSpec SpecOf(const Job& job, const WorldOptions& options) {
  coordination::JobSpec spec;
  spec.instance = "simulated";
  spec.tasks = job.tasks();
  spec.links = core::Links(job.links(), job.tasks()).Fingerprint();
  spec.nodes_expected = options.nodes;
  spec.config = runtime::CompleteConfig(job, options.config);
  spec.options = job.options();
  return spec;
}

}  // namespace

World::World(Seed seed, const Job& job, WorldOptions options)
    : options_(std::move(options)),
      random_(seed),
      trace_(agenda_, options_.trace, options_.reader),
      checker_(job, agenda_),
      registry_(agenda_),
      network_(agenda_, random_, options_.network,
               [this](const NodeId& to, transport::Event event) {
                 const auto found = processes_.find(to);
                 if (found == processes_.end()) return;
                 Process* process = found->second;
                 process->Post([process, event = std::move(event)] {
                   process->OnTransport(event);
                 });
               }),
      spec_(SpecOf(job, options_)),
      stage_{job,      spec_,    options_.turns,  options_.coordinator,
             agenda_,  random_,  trace_,          registry_,
             network_, checker_, options_.falsify},
      nodes_(options_.nodes),
      controllers_(options_.controllers) {
  network_.Sabotage(options_.sabotage);
  registry_.SetReader([this](const coordination::RevisionChanges& changes,
                             const std::string& writer) {
    TraceRecords(changes, writer);
    checker_.Recorded(changes, writer);
    if (options_.crashes) Wrote(changes, writer);
  });
  if (options_.crashes) {
    stage_.passes = [this](Process& process, const std::string& point) {
      Passes(process, point);
    };
  }
  registry_.SetAuditor(
      [this](const coordination::Txn& txn, const std::string& writer) {
        checker_.Asked(txn, writer);
      });
  PlantForeignKeys();
  for (std::uint32_t i = 0; i < options_.controllers; ++i) {
    After(random_.Between({}, options_.start_max),
          [this, i] { StartController(i); });
  }
  for (std::uint32_t i = 0; i < options_.nodes; ++i) {
    After(random_.Between({}, options_.start_max), [this, i] { StartNode(i); });
  }
}

World::~World() = default;

// --- Time ---

bool World::Step() {
  if (!agenda_.RunNext()) return false;
  trace_.Mix(static_cast<std::uint64_t>(agenda_.now().count()));
  if (options_.on_step) options_.on_step();
  return true;
}

void World::RunFor(Duration duration) {
  const Time until = agenda_.now() + duration;
  while (!over() && !checker_.violation() && agenda_.next() <= until) Step();
  if (!over() && !checker_.violation()) agenda_.SkipTo(until);
}

bool World::over() const {
  if (!end() || checker_.records().keys().size() != 1) return false;
  const auto left = [](const auto& place) {
    return place.process && !place.process->alive();
  };
  return std::all_of(nodes_.begin(), nodes_.end(), left) &&
         std::all_of(controllers_.begin(), controllers_.end(), left);
}

bool World::HealAndFinish(Duration bound) {
  Heal();
  RunFor(bound);
  if (!over() && !checker_.violation()) {
    checker_.Violate("progress", DescribeProgress());
  }
  if (over()) AtTheEnd();
  return !checker_.violation();
}

void World::AtTheEnd() {
  if (std::exchange(end_checked_, true)) return;
  checker_.AtTheEnd();
  CheckForeignKeys();
}

// --- To look at ---

std::string World::DescribeProgress() const {
  const RecordRules& records = checker_.records();
  std::string text = end() ? "the job ended, but not all have left:"
                           : "the job has not ended; epoch " +
                                 std::to_string(records.epoch()) + ", nodes:";
  for (const auto& place : nodes_) {
    if (place.process && place.process->alive()) {
      text += " " + place.process->id();
    }
  }
  text += ", controllers:";
  for (const auto& place : controllers_) {
    if (place.process && place.process->alive()) {
      text += " " + place.process->id();
    }
  }
  text += ", keys:";
  for (const std::string& key : records.keys()) text += " " + key;
  return text;
}

const Task* World::PrimaryOf(TaskId task) const {
  const auto place = PlaceOf(task);
  return place ? nodes_[*place].process->TaskOf(task) : nullptr;
}

NodeId World::NodeAt(std::uint32_t place) const {
  const auto& process = nodes_[place].process;
  return process && process->alive() ? process->id() : NodeId();
}

std::optional<std::uint32_t> World::PlaceOf(TaskId task) const {
  const NodeId& primary = checker_.records().of(task).primary;
  if (primary.empty()) return std::nullopt;
  for (std::uint32_t place = 0; place < nodes_.size(); ++place) {
    if (NodeAt(place) == primary) return place;
  }
  return std::nullopt;
}

// --- Processes ---

void World::StartNode(std::uint32_t place) {
  auto& at = nodes_[place];
  if (at.process && at.process->alive()) return;
  if (at.process) graveyard_.push_back(std::move(at.process));
  const std::string name = "n" + std::to_string(place);
  const NodeId id = name + "." + std::to_string(++at.lives);
  trace_.Story("node " + id + " starts");
  at.process = std::make_unique<NodeProcess>(
      stage_, id, core::NodeRecord{id, "host-" + name, options_.slots, 0, {}});
  processes_[id] = at.process.get();
}

void World::StartController(std::uint32_t which) {
  auto& at = controllers_[which];
  if (at.process && at.process->alive()) return;
  if (at.process) graveyard_.push_back(std::move(at.process));
  const NodeId id =
      "c" + std::to_string(which) + "." + std::to_string(++at.lives);
  trace_.Story("node " + id + " starts");
  at.process = std::make_unique<ControllerProcess>(stage_, id);
  processes_[id] = at.process.get();
}

void World::KillNode(std::uint32_t place) {
  auto& at = nodes_[place];
  if (!at.process || !at.process->alive()) return;
  const NodeId id = at.process->id();
  at.process->End("is killed");
  ReportExit(id);
  After(random_.Between(options_.restart_min, options_.restart_max),
        [this, place] { StartNode(place); });
}

void World::DrainNode(std::uint32_t place) {
  auto& at = nodes_[place];
  if (!at.process || !at.process->alive()) return;
  trace_.Story("node " + at.process->id() + " is told to leave");
  NodeProcess* process = at.process.get();
  process->Post([process] { process->Leave(); });
  RestartWhenDown(place, process);
}

// As a launcher that looks after its child now and then.
void World::RestartWhenDown(std::uint32_t place, const NodeProcess* process) {
  After(options_.restart_max, [this, place, process] {
    if (process->alive()) return RestartWhenDown(place, process);
    if (nodes_[place].process.get() == process) StartNode(place);
  });
}

void World::ReportExit(const NodeId& node) {
  for (const auto& at : controllers_) {
    ControllerProcess* controller = at.process.get();
    if (controller == nullptr || !random_.Chance(options_.exits_seen)) continue;
    After(random_.Between({}, options_.restart_min), [controller, node] {
      controller->Post([controller, node] { controller->SeeExit(node); });
    });
  }
}

void World::KillController(std::uint32_t which) {
  auto& at = controllers_[which];
  if (!at.process || !at.process->alive()) return;
  at.process->End("is killed");
  After(random_.Between(options_.restart_min, options_.restart_max),
        [this, which] { StartController(which); });
}

void World::Sleep(Process& process, Duration duration) {
  if (!process.alive() || process.asleep()) return;
  trace_.Story("node " + process.id() + " is stopped");
  process.Sleep();
  After(duration, [this, &process] {
    if (!process.alive() || !process.asleep()) return;
    trace_.Story("node " + process.id() + " continues");
    process.Wake();
  });
}

void World::StopNode(std::uint32_t place, Duration duration) {
  if (nodes_[place].process) Sleep(*nodes_[place].process, duration);
}

void World::StopController(std::uint32_t which, Duration duration) {
  if (controllers_[which].process) {
    Sleep(*controllers_[which].process, duration);
  }
}

// --- Connections ---

void World::CutNodes(std::uint32_t from, std::uint32_t to, Duration duration) {
  const NodeId a = NodeAt(from);
  const NodeId b = NodeAt(to);
  if (a.empty() || b.empty() || a == b) return;
  trace_.Story("nothing gets from " + a + " to " + b);
  network_.Cut(a, b);
  After(duration, [this, a, b] { network_.Mend(a, b); });
}

void World::BreakPipe(std::uint32_t a, std::uint32_t b) {
  trace_.Story("the connection of " + NodeAt(a) + " and " + NodeAt(b) +
               " breaks");
  network_.Break(NodeAt(a), NodeAt(b));
}

void World::CutOff(Process& process, Duration duration) {
  if (!process.alive()) return;
  trace_.Story("node " + process.id() + " is cut off from the coordinator");
  process.coordinator().CutOff();
  After(duration, [&process] {
    if (process.alive()) process.coordinator().Reconnect();
  });
}

void World::CutFromCoordinator(std::uint32_t place, Duration duration) {
  if (nodes_[place].process) CutOff(*nodes_[place].process, duration);
}

void World::CutControllerFromCoordinator(std::uint32_t which,
                                         Duration duration) {
  if (controllers_[which].process) {
    CutOff(*controllers_[which].process, duration);
  }
}

void World::CloseCoordinator(Duration duration) {
  if (!registry_.open()) return;
  trace_.Story("the coordinator is away");
  registry_.Close();
  After(duration, [this] {
    if (registry_.open()) return;
    trace_.Story("the coordinator is back");
    registry_.Open();
  });
}

void World::RevokeSession(std::uint32_t place) {
  const coordination::JobKeys keys(stage_.job.name());
  const auto* record =
      registry_.store().history().Find(keys.node(NodeAt(place)));
  if (record == nullptr || !registry_.open()) return;
  trace_.Story("the session of " + NodeAt(place) + " is revoked");
  registry_.Revoke(record->lease, {});
}

void World::Heal() {
  if (std::exchange(healed_, true)) return;
  trace_.Story("all is well again");
  network_.MendAll();
  if (!registry_.open()) registry_.Open();
  options_.coordinator.lost_answers = 0;
  const auto heal = [](auto& at) {
    if (!at.process || !at.process->alive()) return;
    at.process->coordinator().Reconnect();
    if (at.process->asleep()) at.process->Wake();
  };
  for (auto& at : nodes_) heal(at);
  for (auto& at : controllers_) heal(at);
}

// --- R24: only the job's own keys are removed ---

void World::PlantForeignKeys() {
  coordination::Txn txn;
  for (const char* pattern : kForeign) {
    txn.then.push_back(coordination::Put{ForeignKey(pattern, stage_.job.name()),
                                         "not yours", 0});
  }
  registry_.Commit(txn, {});
}

void World::CheckForeignKeys() {
  for (const char* pattern : kForeign) {
    const std::string key = ForeignKey(pattern, stage_.job.name());
    const auto* found = registry_.store().history().Find(key);
    if (found == nullptr || found->value != "not yours") {
      checker_.Violate("R24", "the key " + key + " of others was touched");
    }
  }
}

}  // namespace taskgraph::sim
