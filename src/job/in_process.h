// SPDX-License-Identifier: Apache-2.0
//
// A whole job in this process: coordinator, controller and one node that hosts
// all tasks.
#pragma once

#include <functional>
#include <string>

#include "coordination/job_records.h"
#include "runtime/controller_runtime.h"
#include "runtime/log.h"
#include "taskgraph/job.h"

namespace taskgraph::job {

struct InProcessOptions {
  Config config;  // All declared keys.
  runtime::Log log;
  // Told of the running controller, and when it is gone (nullptr); see
  // ControllerRuntime for what may be called from other threads.
  std::function<void(runtime::ControllerRuntime*)> on_controller;
  std::function<void(const core::Input&, const core::ControllerCore&)> observe;
};

// Runs the job and waits for its end.
Result<core::JobEnd> RunInThisProcess(const Job& job, InProcessOptions options);

// The spec of a new run of `job`.
coordination::JobSpec NewSpec(const Job& job, const Config& config,
                              std::uint32_t nodes_expected);

// `digits` random hexadecimal digits, from the system's source of randomness.
std::string RandomHex(std::size_t digits);

}  // namespace taskgraph::job
