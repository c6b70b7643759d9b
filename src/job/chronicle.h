// SPDX-License-Identifier: Apache-2.0
//
// Chronicle: the story of a job as its controller learns it, told as events to
// programs and as a standing to people.
//
// Thread-safe: the launcher tells of processes, the controller's thread of all
// else.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "core/controller_core.h"
#include "job/event_log.h"
#include "threads/mutex.h"

namespace taskgraph::job {

// How a job is going.
struct Standing {
  Epoch epoch = 0;
  std::size_t tasks = 0;
  std::size_t tasks_placed = 0;
  std::size_t nodes = 0;
  std::uint64_t failures = 0;  // Lost nodes, and tasks that failed.
  bool ending = false;

  friend bool operator==(const Standing&, const Standing&) = default;
};

class Chronicle {
 public:
  // Times are told since `start`.
  Chronicle(EventLog events, core::Time start)
      : events_(std::move(events)), start_(start) {}

  void NodeStarted(const core::NodeId& node, pid_t pid);

  // `core` has taken in `fact`.
  void Observe(const core::Input& fact, const core::ControllerCore& core);

  void Ended(const ExitStatus& status);

  Standing standing() const;

 private:
  void On(const core::NodeJoined& joined, const core::ControllerCore&)
      TASKGRAPH_REQUIRES(mutex_);
  void On(const core::NodeLeft& left, const core::ControllerCore&)
      TASKGRAPH_REQUIRES(mutex_);
  void On(const core::ProcessExited& exited, const core::ControllerCore&)
      TASKGRAPH_REQUIRES(mutex_);
  void On(const core::AssignmentChanged& changed, const core::ControllerCore&)
      TASKGRAPH_REQUIRES(mutex_);
  template <typename NothingToTell>
  void On(const NothingToTell&, const core::ControllerCore&) {}

  void TellEpochs(Epoch epoch) TASKGRAPH_REQUIRES(mutex_);
  void TellLoss(const core::NodeId& node, const std::string& reason,
                const core::ControllerCore& core) TASKGRAPH_REQUIRES(mutex_);
  void ForgetOldLosses() TASKGRAPH_REQUIRES(mutex_);
  pid_t PidOf(const core::NodeId& node) const TASKGRAPH_REQUIRES(mutex_);
  std::int64_t NowMs() const;

  mutable threads::Mutex mutex_;
  EventLog events_ TASKGRAPH_GUARDED_BY(mutex_);
  const core::Time start_;
  Standing standing_ TASKGRAPH_GUARDED_BY(mutex_);
  std::optional<Epoch> told_epoch_ TASKGRAPH_GUARDED_BY(mutex_);
  std::map<core::NodeId, pid_t> pids_ TASKGRAPH_GUARDED_BY(mutex_);
  // Told of, and not told as lost.
  std::set<core::NodeId> present_ TASKGRAPH_GUARDED_BY(mutex_);
  // Told as lost, and not come back.
  std::set<core::NodeId> lost_ TASKGRAPH_GUARDED_BY(mutex_);
  // The last ones, the oldest first.
  std::deque<core::NodeId> losses_ TASKGRAPH_GUARDED_BY(mutex_);
  // What was last told of a task, to tell what is new.
  std::map<TaskId, core::Assignment> assignments_ TASKGRAPH_GUARDED_BY(mutex_);
  std::map<TaskId, core::Time> lost_at_ TASKGRAPH_GUARDED_BY(mutex_);
};

}  // namespace taskgraph::job
