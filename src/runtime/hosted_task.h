// SPDX-License-Identifier: Apache-2.0
//
// HostedTask: the user's task object, and the way in and out of it.
//
// Intuition: an interpreter in the middle. A cause of the core's becomes a
// callback of the user's; what the user asks of the Turn is written down and
// becomes effects; an exception becomes the text of a failure, and goes no
// further (R15, R23).
//
// Threads: Prepare and Stop are called on the thread that owns the core; Run on
// any one, but never twice at a time.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>

#include "core/spare_nodes.h"
#include "core/vocabulary.h"
#include "taskgraph/job.h"

namespace taskgraph {
class TurnRecorder;
}

namespace taskgraph::runtime {

// What all tasks of a process share. Must outlive them.
struct TaskSurroundings {
  const Job& job;
  Config config;       // As in the job's spec: all declared keys.
  JobOptions options;  // Likewise.
  // Writes one line for a task; called from any thread.
  std::function<void(const core::TurnContext&, std::string_view)> log;
};

class HostedTask {
 public:
  explicit HostedTask(const TaskSurroundings& surroundings)
      : around_(surroundings) {}

  // Before each Run: makes a stop token that has not fired.
  void Prepare();

  // Calls the user back, and writes down what comes of it in `effects`, which
  // must be as new, see TurnEffects::Clear. Never throws.
  void Run(const core::TurnContext& context, const core::Cause& cause,
           core::TurnEffects& effects);

  // Fires the stop token of the turn that runs, or ran last.
  void Stop() { stop_.request_stop(); }

  // The user's object; null before it is built.
  const Task* task() const { return task_.get(); }

 private:
  friend class taskgraph::TurnRecorder;

  // Builds the task where that was not done; says whether.
  bool Build(TaskId task);
  void BeginAs(const core::Cause& first);
  // Takes up the epoch's work of the primary before this one.
  void GoOn(Epoch epoch, const core::ChangeRole& change);
  void AddToken(const RequestId& id) {
    spare_tokens_.Insert(open_tokens_, open_tokens_.end(), id);
  }
  // Says whether it was there.
  bool TakeToken(const RequestId& id) {
    return spare_tokens_.Erase(open_tokens_, id);
  }

  const TaskSurroundings& around_;
  std::unique_ptr<Task> task_;
  std::stop_source stop_;
  // Of this epoch: tokens that are not answered, metas flagged, requests open.
  Epoch epoch_ = 0;
  using Tokens = std::set<RequestId>;
  Tokens open_tokens_;
  core::SpareNodes<Tokens> spare_tokens_;
  std::size_t metas_ = 0;
  std::size_t open_requests_ = 0;
};

}  // namespace taskgraph::runtime
