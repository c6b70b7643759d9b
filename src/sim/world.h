// SPDX-License-Identifier: Apache-2.0
//
// World: a whole job on simulated nodes, in one thread, in virtual time, from
// one seed.
//
// Intuition: a model railway. The engines are the real ones (NodeCore,
// ControllerCore, JobStore, the wire, the user's tasks); the tracks, the clock
// and the weather are ours. Who writes down the seed can let the same train
// derail again at the same place, as often as he likes.
//
// What is simulated: processes that are killed, stopped and started; the
// network between them; the coordinator and the ways to it. A Checker looks on.
// Not thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/checker.h"
#include "sim/controller_process.h"
#include "sim/network.h"
#include "sim/node_process.h"
#include "sim/stage.h"

namespace taskgraph::sim {

struct WorldOptions {
  // Places where nodes run; a node that dies is started again at its place.
  std::uint32_t nodes = 5;
  std::uint32_t slots = 2;  // Of each.
  std::uint32_t controllers = 2;
  Duration start_max = std::chrono::milliseconds(20);
  Duration restart_min = std::chrono::milliseconds(20);
  Duration restart_max = std::chrono::milliseconds(800);
  // How often a launcher sees that a process ended.
  double exits_seen = 0.5;

  Config config;  // Other values of declared keys.

  NetworkOptions network;
  NetworkSabotage sabotage;
  CoordinatorOptions coordinator;
  TurnTimes turns;
  Falsify falsify;  // See Stage.

  Trace::Level trace = Trace::Level::kStory;
  Trace::Reader reader;
  std::function<void()> on_step;  // Called after each event.
  // Asked at each crash point (crash_point.h), "node does ProposeEpoch", say;
  // whether the process is to die there.
  std::function<bool(const std::string& point)> crashes;
};

class World {
 public:
  // `job` must outlive it.
  World(Seed seed, const Job& job, WorldOptions options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // --- Time ---
  Time now() const { return agenda_.now(); }
  // Until the time, the first violation, or the job's end and everybody's
  // leaving.
  void RunFor(Duration duration);
  // Ends every harm.
  void Heal();
  // Heals, and runs. Says whether the job ended and all have left
  // within `bound`; if not, that is a violation ("progress").
  bool HealAndFinish(Duration bound);
  bool over() const;
  // Carries out one event; false: there is none.
  bool Step();
  // An event of somebody else's, such as a harm.
  void After(Duration delay, Agenda::Event event) {
    agenda_.After(delay, std::move(event));
  }

  // --- To look at ---
  const std::optional<core::JobEnd>& end() const {
    return checker_.records().end();
  }
  Checker& checker() { return checker_; }
  const Checker& checker() const { return checker_; }
  Trace& trace() { return trace_; }
  Random& random() { return random_; }
  std::uint64_t frames_lost() const { return network_.frames_lost(); }
  Registry& registry() { return registry_; }
  Stage& stage() { return stage_; }
  const WorldOptions& options() const { return options_; }
  // For changes on the way.
  CoordinatorOptions& coordinator_options() { return options_.coordinator; }
  // The place whose node is a task's primary; none: it has none, or a dead one.
  std::optional<std::uint32_t> PlaceOf(TaskId task) const;
  // The task's object there, if it is built.
  const Task* PrimaryOf(TaskId task) const;
  NodeId NodeAt(std::uint32_t place) const;  // Empty: it is down.

  // --- Harm. Places are 0..nodes-1, controllers 0..controllers-1 ---
  void KillNode(std::uint32_t place);
  void DrainNode(std::uint32_t place);  // SIGTERM: it leaves the job.
  void KillController(std::uint32_t which);
  void StartNode(std::uint32_t place);                    // If it is down.
  void StopNode(std::uint32_t place, Duration duration);  // SIGSTOP, SIGCONT.
  void StopController(std::uint32_t which, Duration duration);
  void CutNodes(std::uint32_t from, std::uint32_t to, Duration duration);
  void BreakPipe(std::uint32_t a, std::uint32_t b);
  void CutFromCoordinator(std::uint32_t place, Duration duration);
  void CutControllerFromCoordinator(std::uint32_t which, Duration duration);
  void CloseCoordinator(Duration duration);
  void RevokeSession(std::uint32_t place);
  void CompactHistory() { registry_.Compact(); }

 private:
  template <typename P>
  struct Place {
    std::unique_ptr<P> process;
    std::uint32_t lives = 0;
  };

  void Passes(Process& process, const std::string& point);
  void Wrote(const coordination::RevisionChanges& changes,
             const std::string& writer);
  void RestartWhenDown(std::uint32_t place, const NodeProcess* process);
  void StartController(std::uint32_t which);
  void ReportExit(const NodeId& node);
  void Sleep(Process& process, Duration duration);
  void CutOff(Process& process, Duration duration);
  void PlantForeignKeys();
  void CheckForeignKeys();
  void AtTheEnd();
  void TraceRecords(const coordination::RevisionChanges& changes,
                    const std::string& writer);
  std::string DescribeProgress() const;

  WorldOptions options_;
  Agenda agenda_;
  Random random_;
  Trace trace_;
  Checker checker_;
  Registry registry_;
  Network network_;
  coordination::JobSpec spec_;
  Stage stage_;
  std::map<NodeId, Process*> processes_;
  std::vector<Place<NodeProcess>> nodes_;
  std::vector<Place<ControllerProcess>> controllers_;
  std::vector<std::unique_ptr<Process>> graveyard_;  // The agenda knows them.
  bool healed_ = false;
  bool end_checked_ = false;
};

}  // namespace taskgraph::sim
