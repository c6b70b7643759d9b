// SPDX-License-Identifier: Apache-2.0
#include "sim/controller_process.h"

#include <utility>
#include <variant>

#include "sim/checker.h"
#include "sim/crash_point.h"

namespace taskgraph::sim {

ControllerProcess::ControllerProcess(Stage& stage, NodeId id)
    : Process(stage, std::move(id)) {
  Begin();
  store().Submit(this->stage().spec, coordination::Submission::kShared);
}

void ControllerProcess::OnSpec(const coordination::JobSpec& spec) {
  core_ = std::make_unique<core::ControllerCore>(
      id(), spec.tasks,
      core::ControllerOptions{spec.options, spec.nodes_expected});
  store().Campaign({id(), "host-" + id(), 0, 0, {"sim:" + id()}});
}

void ControllerProcess::SeeExit(const NodeId& node) {
  if (ready()) Take(core::ProcessExited{node, "exited"});
}

// Its part is done when the job's keys are gone.
void ControllerProcess::OnRemoved() {
  if (core_ && core_->end()) End("leaves");
}

void ControllerProcess::Step(core::Input fact) {
  if (std::holds_alternative<core::CoordinatorCameBack>(fact) ||
      std::holds_alternative<core::ElectionWon>(fact)) {
    back_since_ = stage().agenda.now();
  }
  const std::string name = asked() ? NameOf(fact) : std::string();
  core::Outputs orders = core_->Step(std::move(fact), Now());
  Know(name);
  for (core::Output& order : orders) {
    if (!alive()) return;
    const std::string what = asked() ? NameOf(order) : std::string();
    stage().checker.ControllerOrders(*core_, order, back_since_);
    Carry(order);
    Done(what);
  }
}

}  // namespace taskgraph::sim
