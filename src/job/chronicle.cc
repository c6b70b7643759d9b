// SPDX-License-Identifier: Apache-2.0
#include "job/chronicle.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/clock.h"

namespace taskgraph::job {
namespace {

// In the order in which they are added, for people who read along.
using Json = nlohmann::ordered_json;

// Errors' texts come from anywhere, and need not be UTF-8.
std::string Dump(const Json& event) {
  return event.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::int64_t Ms(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration)
      .count();
}

}  // namespace

void Chronicle::NodeStarted(const core::NodeId& node, pid_t pid) {
  const threads::Lock lock(mutex_);
  pids_[node] = pid;
  events_.Write(Dump({{"ms", NowMs()},
                      {"event", "node_started"},
                      {"node", node},
                      {"pid", pid}}));
}

void Chronicle::Observe(const core::Input& fact,
                        const core::ControllerCore& core) {
  const threads::Lock lock(mutex_);
  const auto take = [&](const auto& news) {
    mutex_.AssertHeld();
    On(news, core);
  };
  std::visit(take, fact);
  TellEpochs(core.epoch());
  standing_.epoch = core.epoch();
  standing_.tasks = core.directory().tasks();
  standing_.tasks_placed = standing_.tasks - core.unplaced();
  standing_.nodes = core.nodes().size();
  standing_.ending = core.end().has_value();
}

void Chronicle::Ended(const ExitStatus& status) {
  const threads::Lock lock(mutex_);
  events_.Write(Dump({{"ms", NowMs()},
                      {"event", "ended"},
                      {"code", status.code},
                      {"message", status.message}}));
}

Standing Chronicle::standing() const {
  const threads::Lock lock(mutex_);
  return standing_;
}

void Chronicle::On(const core::NodeJoined& joined,
                   const core::ControllerCore&) {
  const core::NodeRecord& record = joined.record;
  if (!present_.insert(record.node).second) return;
  lost_.erase(record.node);  // It takes its session up again (R25).
  events_.Write(Dump({{"ms", NowMs()},
                      {"event", "node_joined"},
                      {"node", record.node},
                      {"pid", PidOf(record.node)},
                      {"slots", record.slots},
                      {"reserve", record.reserve}}));
}

void Chronicle::On(const core::NodeLeft& left,
                   const core::ControllerCore& core) {
  TellLoss(left.node, "its session at the coordinator ended", core);
}

void Chronicle::On(const core::ProcessExited& exited,
                   const core::ControllerCore& core) {
  // One that died before it joined, too; but not one that is told already.
  if (!lost_.contains(exited.node)) present_.insert(exited.node);
  TellLoss(exited.node, exited.reason, core);
}

void Chronicle::TellLoss(const core::NodeId& node, const std::string& reason,
                         const core::ControllerCore& core) {
  if (core.end() || present_.erase(node) == 0) return;
  if (lost_.insert(node).second) losses_.push_back(node);
  ++standing_.failures;
  events_.Write(Dump({{"ms", NowMs()},
                      {"event", "node_lost"},
                      {"node", node},
                      {"pid", PidOf(node)},
                      {"reason", reason}}));
  for (const auto& [task, assignment] : assignments_) {
    if (assignment.primary == node) lost_at_.emplace(task, runtime::Now());
  }
  ForgetOldLosses();
}

// A loss is told of twice, by the session and by the process, but not a hundred
// losses later.
void Chronicle::ForgetOldLosses() {
  constexpr std::size_t kLossesMax = 100;
  while (losses_.size() > kLossesMax) {
    const core::NodeId node = std::move(losses_.front());
    losses_.pop_front();
    if (lost_.erase(node) > 0) pids_.erase(node);
  }
}

void Chronicle::On(const core::AssignmentChanged& changed,
                   const core::ControllerCore&) {
  const TaskId task = changed.task;
  const core::Assignment& now = changed.assignment;
  const core::Assignment before =
      std::exchange(assignments_[task], changed.assignment);
  if (now.failures > before.failures) {
    ++standing_.failures;
    lost_at_.emplace(task, runtime::Now());
    events_.Write(Dump({{"ms", NowMs()},
                        {"event", "task_failed"},
                        {"task", task},
                        {"node", before.primary},
                        {"error", now.last_error}}));
  } else if (!now.HasPrimary() && now.incarnation > 0) {
    lost_at_.emplace(task, runtime::Now());
  }
  if (now.backups != before.backups) {
    events_.Write(Dump({{"ms", NowMs()},
                        {"event", "backups"},
                        {"task", task},
                        {"nodes", now.backups}}));
  }
  if (!now.HasPrimary() || now.term == before.term) return;
  events_.Write(Dump({{"ms", NowMs()},
                      {"event", "assigned"},
                      {"task", task},
                      {"node", now.primary},
                      {"pid", PidOf(now.primary)},
                      {"incarnation", now.incarnation},
                      {"term", now.term}}));
  if (before.HasPrimary() && now.incarnation == before.incarnation) {
    lost_at_.erase(task);  // Nothing is lost.
    events_.Write(Dump({{"ms", NowMs()},
                        {"event", "took_over"},
                        {"task", task},
                        {"node", now.primary},
                        {"before", before.primary}}));
    return;
  }
  const auto lost = lost_at_.find(task);
  if (lost == lost_at_.end()) return;
  events_.Write(Dump({{"ms", NowMs()},
                      {"event", "recovered"},
                      {"task", task},
                      {"node", now.primary},
                      {"after_ms", Ms(runtime::Now() - lost->second)}}));
  lost_at_.erase(lost);
}

// Each one, also those that were passed before this controller could look: who
// waits for a certain one must not wait in vain.
void Chronicle::TellEpochs(Epoch epoch) {
  if (!events_.wanted()) return;
  Epoch next = told_epoch_ ? *told_epoch_ + 1 : epoch;
  for (; next <= epoch; ++next) {
    events_.Write(Dump({{"ms", NowMs()}, {"event", "epoch"}, {"epoch", next}}));
  }
  told_epoch_ = epoch;
}

pid_t Chronicle::PidOf(const core::NodeId& node) const {
  const auto found = pids_.find(node);
  return found == pids_.end() ? 0 : found->second;
}

std::int64_t Chronicle::NowMs() const { return Ms(runtime::Now() - start_); }

}  // namespace taskgraph::job
