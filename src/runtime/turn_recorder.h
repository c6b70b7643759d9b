// SPDX-License-Identifier: Apache-2.0
//
// TurnRecorder: writes down what a callback asks of its Turn. What can never be
// right is refused on the spot, so that the user's stack trace points at the
// mistake.
//
// Threads: one turn, one thread.
#pragma once

#include <string>
#include <string_view>

#include "core/vocabulary.h"
#include "runtime/hosted_task.h"
#include "taskgraph/turn.h"

namespace taskgraph {

class TurnRecorder {
 public:
  TurnRecorder(runtime::HostedTask& host, const core::TurnContext& context,
               const core::Cause& cause, core::TurnEffects& effects)
      : host_(host),
        context_(context),
        cause_(cause),
        effects_(effects),
        turn_(*this),
        next_request_(context.next_request) {}

  // Calls the function of `task` that the cause is about.
  void CallBack(Task& task);

  // R15: nothing else of the turn remains.
  void Fail(std::string why);

  // --- What Turn asks for; see turn.h ---
  const core::TurnContext& context() const { return context_; }
  const core::Cause& cause() const { return cause_; }
  const runtime::TaskSurroundings& around() const { return host_.around_; }
  std::stop_token stop_token() const { return host_.stop_.get_token(); }
  const TaskList& Neighbors(std::string_view link) const;
  const std::string& ConfigValue(std::string_view key) const;
  void FlagMeta(std::string_view link, std::string meta);
  RequestNumber Request(core::MakeRequest&& request);
  void Cancel(RequestNumber number);
  void Answer(core::GiveAnswer&& answer);
  void Update(Payload log);
  core::TurnEffects& effects() { return effects_; }

 private:
  void Call(Task& task, const core::InitTask&);
  void Call(Task& task, const core::EnterEpoch&);
  void Call(Task& task, const core::HearMeta& meta);
  void Call(Task& task, const core::ServeRequest& request);
  void Call(Task& task, const core::TakeData& data);
  void Call(Task& task, const core::HearFailure& failure);
  void Call(Task& task, const core::NeighborLost& lost);
  void Call(Task& task, const core::NeighborBack& back);
  void Call(Task& task, const core::ExitTask& exit);
  void Call(Task& task, const core::ChangeRole& change);
  void Call(Task& task, const core::TakeSnapshot&);
  void Call(Task& task, const core::ApplyUpdates& apply);
  void Call(Task& task, const core::CompareState& compare);
  void ApplyUpdates(Task& task, const std::vector<Payload>& updates);
  std::string Me() const;
  void CheckSize(const Payload& payload, std::string_view what,
                 std::string_view method) const;

  runtime::HostedTask& host_;
  const core::TurnContext& context_;
  const core::Cause& cause_;
  core::TurnEffects& effects_;
  Turn turn_;
  RequestNumber next_request_;
  Task* task_ = nullptr;
};

}  // namespace taskgraph
