// SPDX-License-Identifier: Apache-2.0
//
// NodeProcess: one life of a node: the production NodeCore, and the user's
// tasks behind it.
//
// Intuition: a callback runs in no time, but its end is told only after the
// time that it is said to take; so whatever arrives meanwhile arrives during
// the turn.
//
// Not thread-safe.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "core/links.h"
#include "core/node_core.h"
#include "runtime/hosted_task.h"
#include "sim/process.h"

namespace taskgraph::sim {

class NodeProcess final : public Process {
 public:
  // A turn that was ordered and has not ended.
  struct OpenTurn {
    core::RunTurn order;
    bool begun = false;
    bool stopped = false;
  };

  NodeProcess(Stage& stage, NodeId id, core::NodeRecord record);

  // SIGTERM: leaves the job, and does nothing more in it.
  void Leave();

  // None: it has not found the job yet.
  const core::NodeCore* core() const { return core_.get(); }

  // The task's object here, if it is built.
  const Task* TaskOf(TaskId task) const;

 private:
  struct Hosted {
    TaskId id = 0;
    std::unique_ptr<runtime::HostedTask> task;
    std::optional<OpenTurn> turn;
    core::TurnEffects effects;
    std::uint64_t turns = 0;
  };

  bool ready() const override { return core_ != nullptr; }
  void Step(core::Input fact) override;
  core::Time CoreDeadline() const override { return core_->NextDeadline(); }
  void OnSpec(const coordination::JobSpec& spec) override;
  void OnSessionEnded() override;

  void Do(core::Output& order);
  void Do(core::RunTurn& order);
  void BeginTurn(core::ReplicaId replica);
  // Runs the callback, and does to it what the stage wants done.
  core::TurnEffects CallBack(Hosted& hosted);
  std::optional<Duration> Struck(FaultKind kind, TaskId task) const;
  Duration TurnTime(const OpenTurn& turn);
  void EndTurn(core::ReplicaId replica, std::uint64_t turn);
  void CheckStops();
  void TraceTurn(const core::RunTurn& order);

  core::NodeRecord record_;
  runtime::TaskSurroundings surroundings_;
  const core::Links links_;
  std::unique_ptr<core::NodeCore> core_;
  std::map<core::ReplicaId, Hosted> tasks_;
};

}  // namespace taskgraph::sim
