// SPDX-License-Identifier: Apache-2.0
//
// Turn and Task: the parts of the public headers that are not templates.
#include "taskgraph/turn.h"

#include <algorithm>
#include <utility>

#include "runtime/turn_recorder.h"
#include "taskgraph/task.h"

namespace taskgraph {

TaskId Turn::task() const { return recorder_.context().task; }
TaskId Turn::tasks() const { return recorder_.around().job.tasks(); }
Epoch Turn::epoch() const { return recorder_.context().epoch; }
Term Turn::term() const { return recorder_.context().term; }
Incarnation Turn::incarnation() const {
  return recorder_.context().incarnation;
}

Epoch Turn::skipped_epochs() const {
  const auto* enter = std::get_if<core::EnterEpoch>(&recorder_.cause());
  return enter == nullptr ? 0 : enter->skipped;
}

std::optional<Epoch> Turn::checkpoint() const {
  const auto* init = std::get_if<core::InitTask>(&recorder_.cause());
  return init == nullptr ? std::nullopt : init->checkpoint;
}

const RequestId& Turn::request_id() const {
  const auto* request = std::get_if<core::ServeRequest>(&recorder_.cause());
  if (request == nullptr) {
    throw UsageError("Turn::request_id is for served methods; this turn is " +
                     core::Describe(recorder_.cause()));
  }
  return request->id;
}

const Config& Turn::config() const { return recorder_.around().config; }

const std::string& Turn::config(std::string_view key) const {
  return recorder_.ConfigValue(key);
}

const TaskList& Turn::Neighbors(std::string_view link) const {
  return recorder_.Neighbors(link);
}

std::stop_token Turn::stop_token() const { return recorder_.stop_token(); }

void Turn::FlagMeta(std::string_view link, std::string meta) {
  recorder_.FlagMeta(link, std::move(meta));
}

RequestNumber Turn::RequestBytes(TaskId to, std::string_view method,
                                 Payload input, std::string key) {
  return recorder_.Request(
      {0, to, std::string(method), std::move(key), std::move(input)});
}

void Turn::Cancel(RequestNumber number) { recorder_.Cancel(number); }

void Turn::AnswerBytes(const RequestId& request, Payload output) {
  recorder_.Answer({request, std::nullopt, std::move(output)});
}

void Turn::DeclineBytes(const RequestId& request, std::string reason) {
  recorder_.Answer(
      {request, Error{ErrorCode::kHandlerError, std::move(reason)}, {}});
}

void Turn::UpdateBytes(Payload log) { recorder_.Update(std::move(log)); }

void Turn::AdvanceEpoch() { recorder_.effects().advance_epoch = true; }

void Turn::FinishJob(ExitStatus status) {
  if (status.code < 0 || status.code > 125) {
    throw UsageError("FinishJob: the code is " + std::to_string(status.code) +
                     ", it must be 0..125, to be a process's exit code");
  }
  recorder_.effects().finish = std::move(status);
}

void Turn::Retire() { recorder_.effects().retire = true; }

void Turn::Log(std::string_view text) {
  const auto& log = recorder_.around().log;
  if (log) log(recorder_.context(), text);
}

bool Neighbor::IsOn(std::string_view link) const {
  return std::find(links.begin(), links.end(), link) != links.end();
}

void Task::MetaReady(Turn&, TaskId, const LinkType&, const std::string&) {}

void Task::RequestFailed(Turn&, const FailedRequest& failed) {
  throw std::runtime_error("the request " + failed.method + " to task " +
                           std::to_string(failed.to) +
                           " failed: " + std::string(Name(failed.error.code)) +
                           ": " + failed.error.message);
}

namespace {

constexpr std::size_t kMethodNameMax = 255;

template <typename Handlers, typename Handler>
void Add(Handlers& handlers, std::string_view method, Handler handler,
         const char* how) {
  if (method.empty() || method.size() > kMethodNameMax) {
    throw UsageError("the name of a method has " +
                     std::to_string(method.size()) +
                     " bytes, it must have 1..255");
  }
  const auto at = std::ranges::find_if(
      handlers, [&](const auto& known) { return known.first >= method; });
  if (at != handlers.end() && at->first == method) {
    throw UsageError("method '" + std::string(method) +
                     "' has a handler given to " + how + " already");
  }
  handlers.emplace(at, std::string(method), std::move(handler));
}

}  // namespace

void Task::AddServed(std::string_view method, Served handler) {
  Add(served_, method, std::move(handler), "Serve");
}

void Task::AddPulled(std::string_view method, Pulled handler) {
  Add(pulled_, method, std::move(handler), "OnData");
}

}  // namespace taskgraph
