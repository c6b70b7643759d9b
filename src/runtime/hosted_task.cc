// SPDX-License-Identifier: Apache-2.0
#include "runtime/hosted_task.h"

#include <exception>
#include <utility>

#include "runtime/turn_recorder.h"

namespace taskgraph::runtime {

void HostedTask::Prepare() {
  if (stop_.stop_requested()) stop_ = std::stop_source();
}

core::TurnEffects HostedTask::Run(const core::TurnContext& context,
                                  const core::Cause& cause) {
  TurnRecorder recorder(*this, context, cause);
  try {
    if (std::holds_alternative<core::InitTask>(cause)) Build(context.task);
    if (context.epoch != epoch_ ||
        std::holds_alternative<core::EnterEpoch>(cause)) {
      epoch_ = context.epoch;
      open_tokens_.clear();
      metas_ = open_requests_ = 0;
    }
    if (task_ != nullptr) recorder.CallBack(*task_);
  } catch (const std::exception& error) {
    return recorder.Failed(error.what());
  } catch (...) {
    return recorder.Failed("an exception that is no std::exception");
  }
  return recorder.TakeEffects();
}

void HostedTask::Build(TaskId task) {
  task_ = around_.job.builder()(task, around_.config);
  if (task_ == nullptr) {
    throw UsageError("the job's builder made no task for id " +
                     std::to_string(task));
  }
}

}  // namespace taskgraph::runtime
