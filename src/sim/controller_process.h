// SPDX-License-Identifier: Apache-2.0
//
// ControllerProcess: one life of a controller: the production ControllerCore.
//
// Not thread-safe.
#pragma once

#include <memory>

#include "core/controller_core.h"
#include "sim/process.h"

namespace taskgraph::sim {

class ControllerProcess final : public Process {
 public:
  ControllerProcess(Stage& stage, NodeId id);

  // None: it has not found the job yet.
  const core::ControllerCore* core() const { return core_.get(); }

  // R21: its launcher saw a process end.
  void SeeExit(const NodeId& node);

  // Since when this controller, in the world's time, has had a coordinator
  // without a break.
  Time back_since() const { return back_since_; }

 private:
  bool ready() const override { return core_ != nullptr; }
  void Step(core::Input fact) override;
  core::Time CoreDeadline() const override { return core_->NextDeadline(); }
  void OnSpec(const coordination::JobSpec& spec) override;
  void OnRemoved() override;

  std::unique_ptr<core::ControllerCore> core_;
  Time back_since_{};
};

}  // namespace taskgraph::sim
