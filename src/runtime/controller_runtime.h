// SPDX-License-Identifier: Apache-2.0
//
// ControllerRuntime: a controller of a job in this process.
//
// Life: it submits the job or finds it submitted, runs for election, and, while
// it is elected, places tasks and ends the job; it leaves when the ended job's
// keys are gone.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/controller_core.h"
#include "runtime/connector.h"
#include "taskgraph/job.h"

namespace taskgraph::runtime {

struct ControllerSettings {
  core::NodeId self;
  std::string host;
  std::string token;  // The job's; see transport::Options.
  coordination::JobSpec spec;
  coordination::Submission submission = coordination::Submission::kShared;
  // Why this controller can't take part in such a job; none: it can.
  std::function<std::optional<Error>(const coordination::JobSpec&)> objection;
  // Told of every fact after it was taken in; on the controller's thread.
  std::function<void(const core::Input&, const core::ControllerCore&)> observe;
};

class ControllerRuntime {
 public:
  ControllerRuntime(const std::string& job, ControllerSettings settings,
                    Adapters adapters);

  // Runs until the job has ended and its keys are gone, or until this
  // controller is refused or stopped. Returns how the job ended, or why this
  // controller can't know.
  Result<core::JobEnd> Run();

  // Any thread: a launcher saw the process of `node` end (R21).
  void NodeExited(core::NodeId node, std::string reason);

  // Any thread: ends the job, for all.
  void StopJob(core::StopRequested stop);

  // Any thread: leaves the job to other controllers.
  void Leave();

 private:
  void OnEvent(coordination::JobEvent event);
  void OnSpec(const coordination::JobSpec& spec);
  void OnRefused(Error error);
  void Step(core::Input input);
  Duration Wait(core::Time now) const;

  ControllerSettings settings_;
  Connector connector_;
  std::unique_ptr<core::ControllerCore> core_;  // Once the spec is known.
  std::deque<core::Input>
      inputs_;  // Facts that came while another was handled.
  bool stepping_ = false;
  std::optional<core::JobEnd> end_;
  std::optional<Error> refused_;
  bool done_ = false;
};

}  // namespace taskgraph::runtime
