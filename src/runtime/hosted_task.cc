// SPDX-License-Identifier: Apache-2.0
#include "runtime/hosted_task.h"

#include <exception>
#include <utility>

#include "runtime/turn_recorder.h"
#include "taskgraph/backupable.h"

namespace taskgraph::runtime {
namespace {

// Every replica begins with one of these.
bool IsFirst(const core::Cause& cause) {
  return std::holds_alternative<core::InitTask>(cause) ||
         std::holds_alternative<core::ChangeRole>(cause);
}

}  // namespace

void HostedTask::Prepare() {
  if (stop_.stop_requested()) stop_ = std::stop_source();
}

void HostedTask::Run(const core::TurnContext& context, const core::Cause& cause,
                     core::TurnEffects& effects) {
  TurnRecorder recorder(*this, context, cause, effects);
  try {
    if (IsFirst(cause) && Build(context.task)) BeginAs(cause);
    if (context.epoch != epoch_) {
      epoch_ = context.epoch;
      spare_tokens_.Clear(open_tokens_);
      metas_ = open_requests_ = 0;
    }
    if (task_ != nullptr) recorder.CallBack(*task_);
  } catch (const std::exception& error) {
    recorder.Fail(error.what());
  } catch (...) {
    recorder.Fail("an exception that is no std::exception");
  }
}

bool HostedTask::Build(TaskId task) {
  if (task_ != nullptr) return false;
  task_ = around_.job.builder()(task, around_.config);
  if (task_ == nullptr) {
    throw UsageError("the job's builder made no task for id " +
                     std::to_string(task));
  }
  const bool backupable = dynamic_cast<Backupable*>(task_.get()) != nullptr;
  if (!backupable && around_.options.backups.For(task) > 0) {
    throw UsageError("task " + std::to_string(task) +
                     " is to have backups, so its class must be derived from "
                     "taskgraph::Backupable too");
  }
  return true;
}

// Who begins an incarnation as primary is told so before Init.
void HostedTask::BeginAs(const core::Cause& first) {
  if (!std::holds_alternative<core::InitTask>(first)) return;
  if (auto* backupable = dynamic_cast<Backupable*>(task_.get())) {
    backupable->BecamePrimary();
  }
}

void HostedTask::GoOn(Epoch epoch, const core::ChangeRole& change) {
  epoch_ = epoch;
  open_tokens_ = {change.open_tokens.begin(), change.open_tokens.end()};
  metas_ = change.metas;
  open_requests_ = change.open_requests;
}

}  // namespace taskgraph::runtime
