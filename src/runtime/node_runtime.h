// SPDX-License-Identifier: Apache-2.0
//
// NodeRuntime: one node of a job in this process: where threads, the clock and
// the user's tasks meet the core.
//
// Life: it watches the job; when the spec is there it checks that this program
// fits it, registers, hosts what it is given, and leaves when the job has ended
// (R24).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/fifo.h"
#include "core/links.h"
#include "core/node_core.h"
#include "runtime/connector.h"
#include "runtime/hosted_task.h"
#include "runtime/loop.h"
#include "taskgraph/job.h"

namespace taskgraph::runtime {

struct NodeOptions {
  core::NodeId self;
  std::string host;           // Nodes of one host may fail together.
  std::uint32_t slots = 1;    // Tasks it takes.
  std::uint32_t reserve = 0;  // 1: takes tasks only when others can't.
  std::string token;          // The job's; see transport::Options.
  std::string
      instance;  // Take part only in this run of the job; empty: in any.
  std::size_t threads_max = 256;
  // Why this node can't take part in such a job; none: it can.
  std::function<std::optional<Error>(const coordination::JobSpec&)> objection;
  // The node is done, but callbacks have not returned, and Run waits for them.
  // Told where it can't wait longer; it may end the process.
  std::function<void(const Result<core::JobEnd>&)> on_stuck;
};

class NodeRuntime final : private LoopClient {
 public:
  // `job` must outlive it.
  NodeRuntime(const Job& job, NodeOptions options, Adapters adapters);
  ~NodeRuntime() override;

  // Takes part in the job until its end, or until this node is refused. Returns
  // how the job ended, or why this node can't take part.
  Result<core::JobEnd> Run();

  // Any thread: leaves the job as soon as may be; its tasks begin anew
  // elsewhere.
  void Stop();

 private:
  struct ReadyTurn {
    core::RunTurn order;
    std::shared_ptr<HostedTask> task;
  };
  struct RunningTurn final : Callback, ReadyTurn {
    core::Input fact = core::TurnFinished{};
    Duration took{};                    // In Snapshot.
    core::Time late_at = core::kNever;  // See FailureOptions::turn_deadline.
    bool is_late = false;

    core::TurnEffects& effects() {
      return std::get<core::TurnFinished>(fact).effects;
    }
    const core::TurnEffects& effects() const {
      return std::get<core::TurnFinished>(fact).effects;
    }
    // Lets go of what it held, but for room that was used.
    void Clear();
  };

  Callback* Round(MayRun may_run) override;
  bool done() const override { return done_; }
  void Run(Callback& callback) override;
  void Finish(Callback& callback) override;
  void FinishLater(Callback& callback) override;

  void OnEvent(coordination::JobEvent&& event);
  void OnSpec(const coordination::JobSpec& spec);
  void OnRefused(Error error);
  void TellIfStuck();
  Result<core::JobEnd> end() const;
  void Step(core::Input&& input);
  void StepOnce(core::Input&& input);
  void Do(core::Output& order);
  void Do(core::RunTurn& order);
  Callback* NextReady();
  void FetchNext() const;
  void FailLateTurns();
  void FailLate(RunningTurn& turn);
  Duration Wait() const;
  void SayRole(const core::RunTurn& order) const;
  void SaySnapshot(const RunningTurn& turn) const;
  void LogTask(LogLevel level, const core::TurnContext& context,
               std::string_view text) const;

  const Job& job_;
  NodeOptions options_;
  Connector connector_;
  TaskSurroundings surroundings_;
  std::optional<core::Links> links_;
  std::unique_ptr<core::NodeCore> core_;            // Once the spec is known.
  std::vector<std::shared_ptr<HostedTask>> tasks_;  // By ReplicaId; or null.
  core::Fifo<ReadyTurn> ready_;  // Keeps room for the most there were.
  std::vector<std::unique_ptr<RunningTurn>> running_;  // As many as threads.
  std::unique_ptr<RunningTurn> spare_;                 // Memory for the next.
  // Facts that came while another was handled.
  core::Fifo<core::Input> inputs_;
  bool stepping_ = false;
  int turns_since_poll_ = 0;
  core::Time now_{};  // What the core is told.
  core::Time polled_{};
  std::optional<core::JobEnd> end_;
  core::Time leave_by_ = core::kNever;
  std::optional<Error> refused_;
  bool done_ = false;
};

}  // namespace taskgraph::runtime
