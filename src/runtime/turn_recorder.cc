// SPDX-License-Identifier: Apache-2.0
#include "runtime/turn_recorder.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "taskgraph/backupable.h"
#include "taskgraph/task.h"

namespace taskgraph {

// The runtime's way into a task's handlers.
class TaskAccess {
 public:
  static const auto& Served(const Task& task) { return task.served_; }
  static const auto& Pulled(const Task& task) { return task.pulled_; }
};

namespace {

constexpr std::size_t kKeyBytesMax = 1024;  // Of a request; see turn.h.

// Null: there is none.
template <typename Handlers>
const auto* HandlerOf(const std::string& method, const Handlers& handlers) {
  const auto found =
      std::ranges::find(handlers, method, &Handlers::value_type::first);
  return found == handlers.end() ? nullptr : &found->second;
}

template <typename Handlers>
std::string Names(const Handlers& handlers) {
  std::string names;
  for (const auto& [name, value] : handlers)
    names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "none" : names;
}

std::string TaskRange(TaskId tasks) {
  return tasks == 1 ? "only task 0" : "tasks 0.." + std::to_string(tasks - 1);
}

void Restore(Backupable& task, const core::Sealed& snapshot) {
  if (!core::IsIntact(snapshot)) {
    throw std::runtime_error("the snapshot was damaged on its way");
  }
  task.Restore(snapshot.bytes);
}

// None: they are equal.
std::optional<std::string> FirstDifference(const Payload& primary,
                                           const Payload& backup) {
  const std::string_view there = primary.text();
  const std::string_view here = backup.text();
  if (there == here) return {};
  const auto at = static_cast<std::size_t>(
      std::mismatch(there.begin(), there.end(), here.begin(), here.end())
          .first -
      there.begin());
  const auto byte = [at](std::string_view state) {
    return at < state.size()
               ? std::to_string(static_cast<unsigned char>(state[at]))
               : "none";
  };
  return "byte " + std::to_string(at) + " of the snapshot is " + byte(there) +
         " on the primary and " + byte(here) + " on the backup, of " +
         std::to_string(there.size()) + " and " + std::to_string(here.size()) +
         " bytes";
}

}  // namespace

void TurnRecorder::CallBack(Task& task) {
  task_ = &task;
  std::visit([&](const auto& cause) { Call(task, cause); }, cause_);
  ApplyUpdates(task, effects_.updates);  // R15: when it has returned.
}

void TurnRecorder::ApplyUpdates(Task& task,
                                const std::vector<Payload>& updates) {
  if (updates.empty()) return;
  auto& backupable = dynamic_cast<Backupable&>(task);
  for (const Payload& update : updates) backupable.Update(update);
}

void TurnRecorder::Fail(std::string why) {
  effects_ = {};
  effects_.failure = std::move(why);
}

void TurnRecorder::Call(Task& task, const core::InitTask&) { task.Init(turn_); }

void TurnRecorder::Call(Task& task, const core::EnterEpoch&) {
  task.EnterEpoch(turn_);
}

void TurnRecorder::Call(Task& task, const core::HearMeta& meta) {
  task.MetaReady(turn_, meta.from, meta.link, meta.text);
}

void TurnRecorder::Call(Task& task, const core::ServeRequest& request) {
  const auto& served = TaskAccess::Served(task);
  const auto* const handler = HandlerOf(request.method, served);
  if (handler == nullptr) {  // R13
    effects_.ordered.push_back(core::GiveAnswer{
        request.id,
        Error{ErrorCode::kUnknownMethod, Me() + " serves no method '" +
                                             request.method +
                                             "'; it serves: " + Names(served)},
        {}});
    return;
  }
  host_.AddToken(request.id);
  if ((*handler)(turn_, request.id, request.input)) return;
  host_.TakeToken(request.id);
  effects_.ordered.push_back(core::GiveAnswer{
      request.id,
      Error{ErrorCode::kInvalidArgument, "the input of " + request.method +
                                             " to " + Me() +
                                             " is not of the method's type; do "
                                             "both sides use the same Method?"},
      {}});
}

std::string TurnRecorder::Me() const {
  return "task " + std::to_string(context_.task);
}

void TurnRecorder::Call(Task& task, const core::TakeData& data) {
  --host_.open_requests_;
  const auto* const handler = HandlerOf(data.method, TaskAccess::Pulled(task));
  if (handler != nullptr && (*handler)(turn_, data.from, data.output)) return;
  task.RequestFailed(
      turn_,
      {data.number, data.from, data.method,
       Error{ErrorCode::kInvalidArgument,
             "the output of " + data.method + " from task " +
                 std::to_string(data.from) +
                 " is not of the method's type; do both sides use the same "
                 "Method?"}});
}

void TurnRecorder::Call(Task& task, const core::HearFailure& failure) {
  --host_.open_requests_;
  task.RequestFailed(turn_, failure.failed);
}

void TurnRecorder::Call(Task& task, const core::NeighborLost& lost) {
  task.NeighborFailed(turn_, lost.neighbor);
}

void TurnRecorder::Call(Task& task, const core::NeighborBack& back) {
  task.NeighborRestarted(turn_, back.neighbor);
}

void TurnRecorder::Call(Task& task, const core::ExitTask& exit) {
  task.Exit(exit.reason, exit.status);
}

void TurnRecorder::Call(Task& task, const core::ChangeRole& change) {
  auto* backupable = dynamic_cast<Backupable*>(&task);
  if (backupable == nullptr) return;
  if (change.to == core::ChangeRole::To::kBackup) {
    if (change.snapshot) Restore(*backupable, *change.snapshot);
    backupable->BecameBackup();
    return;
  }
  host_.GoOn(context_.epoch, change);
  backupable->BecamePrimary();
}

void TurnRecorder::Call(Task& task, const core::TakeSnapshot&) {
  Payload snapshot = dynamic_cast<Backupable&>(task).Snapshot();
  CheckSize(snapshot, "a snapshot", "");
  effects_.snapshot = core::Seal(std::move(snapshot));
}

void TurnRecorder::Call(Task& task, const core::CompareState& compare) {
  effects_.difference = FirstDifference(
      compare.state, dynamic_cast<Backupable&>(task).Snapshot());
}

void TurnRecorder::Call(Task& task, const core::ApplyUpdates& apply) {
  ApplyUpdates(task, apply.updates);
}

const TaskList& TurnRecorder::Neighbors(std::string_view link) const {
  const auto found = context_.neighbors->find(link);
  if (found == context_.neighbors->end()) {
    throw UsageError("there is no link type '" + std::string(link) +
                     "'; the job has: " + Names(*context_.neighbors));
  }
  return found->second;
}

const std::string& TurnRecorder::ConfigValue(std::string_view key) const {
  const Config& config = around().config;
  const auto found = config.find(key);
  if (found == config.end()) {
    throw UsageError("there is no configuration key '" + std::string(key) +
                     "'; the job declares: " + Names(config));
  }
  return found->second;
}

void TurnRecorder::FlagMeta(std::string_view link, std::string meta) {
  Neighbors(link);  // It must exist.
  const LimitOptions& limits = around().options.limits;
  if (meta.size() > limits.meta_bytes_max) {
    throw UsageError("a meta of " + std::to_string(meta.size()) +
                     " bytes is above limits.meta_bytes_max = " +
                     std::to_string(limits.meta_bytes_max) +
                     "; let neighbors request what is large");
  }
  if (host_.metas_ >= limits.metas_per_epoch_max) {
    throw UsageError("more metas in epoch " + std::to_string(context_.epoch) +
                     " than limits.metas_per_epoch_max = " +
                     std::to_string(limits.metas_per_epoch_max) + " allows");
  }
  ++host_.metas_;
  effects_.ordered.push_back(core::FlagMeta{LinkType(link), std::move(meta)});
}

RequestNumber TurnRecorder::Request(core::MakeRequest&& request) {
  const TaskId tasks = around().job.tasks();
  if (request.to >= tasks) {
    throw UsageError("there is no task " + std::to_string(request.to) +
                     " to ask for " + request.method + "; the job has " +
                     TaskRange(tasks));
  }
  if (HandlerOf(request.method, TaskAccess::Pulled(*task_)) == nullptr) {
    throw UsageError(
        "nothing would take the answer of " + request.method +
        ": call OnData for it in the task's constructor; there is: " +
        Names(TaskAccess::Pulled(*task_)));
  }
  if (request.key.size() > kKeyBytesMax) {
    throw UsageError("the key of " + request.method + " has " +
                     std::to_string(request.key.size()) +
                     " bytes, it may have at most " +
                     std::to_string(kKeyBytesMax));
  }
  CheckSize(request.input, "the input of ", request.method);
  const LimitOptions& limits = around().options.limits;
  if (host_.open_requests_ >= limits.open_requests_max) {
    throw UsageError("more open requests than limits.open_requests_max = " +
                     std::to_string(limits.open_requests_max) + " allows");
  }
  ++host_.open_requests_;
  request.number = next_request_++;
  effects_.ordered.emplace_back(std::in_place_type<core::MakeRequest>,
                                std::move(request));
  return next_request_ - 1;
}

void TurnRecorder::Cancel(RequestNumber number) {
  if (number == 0 || number >= next_request_) {
    throw UsageError("there is no request " + std::to_string(number) +
                     " to cancel; give a number that Turn::Request has "
                     "returned in this incarnation of the task");
  }
  effects_.ordered.push_back(core::CancelRequest{number});
}

void TurnRecorder::Answer(core::GiveAnswer&& answer) {
  if (answer.id.epoch != context_.epoch) return;  // R9: the token is void.
  if (!host_.TakeToken(answer.id)) {
    throw UsageError("request " + std::to_string(answer.id.number) +
                     " of task " + std::to_string(answer.id.task) +
                     " was answered before, or never asked of this task");
  }
  CheckSize(answer.output, "an answer", "");
  effects_.ordered.emplace_back(std::in_place_type<core::GiveAnswer>,
                                std::move(answer));
}

void TurnRecorder::Update(Payload log) {
  if (dynamic_cast<Backupable*>(task_) == nullptr) {
    throw UsageError("Turn::Update is for tasks that are Backupable; " + Me() +
                     " is not");
  }
  CheckSize(log, "an update", "");
  effects_.updates.push_back(std::move(log));
}

void TurnRecorder::CheckSize(const Payload& payload, std::string_view what,
                             std::string_view method) const {
  const std::size_t max = around().options.limits.message_bytes_max;
  if (payload.size() <= max) return;
  throw UsageError(
      std::string(what).append(method) + " has " +
      std::to_string(payload.size()) +
      " bytes, above limits.message_bytes_max = " + std::to_string(max) +
      "; send it in parts or raise the limit");
}

}  // namespace taskgraph
