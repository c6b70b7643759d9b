// SPDX-License-Identifier: Apache-2.0
//
// Job: an application as the framework sees it, and Main, which runs it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "taskgraph/options.h"
#include "taskgraph/task.h"
#include "taskgraph/topology.h"
#include "taskgraph/turn.h"
#include "taskgraph/types.h"

namespace taskgraph {

// Makes the task for an id. Called once for each incarnation, on the node that
// hosts it, from any thread; an exception fails the task.
using TaskBuilder = std::function<std::unique_ptr<Task>(TaskId)>;
using ConfiguredTaskBuilder =
    std::function<std::unique_ptr<Task>(TaskId, const Config&)>;

// A key of the job's configuration that the application declares.
struct ConfigKey {
  std::string name;
  std::string default_value;
  std::string help;
};

// A named link type.
struct Link {
  LinkType type;
  Topology topology;
};

// A job is declared without throwing: the first mistake is remembered, and told
// by Main, as one line and exit code 2, or thrown by RunInProcess.
class Job {
 public:
  static constexpr TaskId kTasksMax = 10'000'000;

  // `name` is part of the keys at the coordinator: 1..100 letters, digits, '-',
  // '_' and '.'; `tasks` is 1..kTasksMax. Both can be changed on the command
  // line.
  Job(std::string name, TaskId tasks);

  // Relates tasks by the name `type`, which no other link of the job has.
  Job& Link(LinkType type, Topology topology);

  // Says how tasks are made. Call one of the two, once.
  Job& Build(TaskBuilder builder);
  Job& Build(ConfiguredTaskBuilder builder);

  // Declares a key of the configuration, once, with its default. Values are
  // given by `--config name=value` and read by Turn::config().
  Job& Config(std::string name, std::string default_value, std::string help);

  // Gives every task, or one task, so many hot standbys (0..kBackupsMax), on
  // other nodes, and on other hosts where there are any. Such tasks are
  // Backupable. Each standby takes a slot of its node.
  Job& Backups(std::uint32_t each);
  Job& Backups(TaskId task, std::uint32_t count);
  static constexpr std::uint32_t kBackupsMax = 7;

  // Limits and times; see options.h.
  JobOptions& options() { return options_; }
  const JobOptions& options() const { return options_; }

  // --- For the framework ---
  const std::string& name() const { return name_; }
  TaskId tasks() const { return tasks_; }
  const std::vector<taskgraph::Link>& links() const { return links_; }
  const std::vector<ConfigKey>& config_keys() const { return config_keys_; }
  const ConfiguredTaskBuilder& builder() const { return builder_; }
  // What is wrong with the declaration, and what would be right; empty:
  // nothing.
  const std::string& mistake() const { return mistake_; }
  // UsageError for what the constructor takes for a mistake.
  void Rename(std::string name);
  void SetTasks(TaskId tasks);
  // All replicas of all tasks: the slots that they take.
  std::uint64_t replicas() const;

 private:
  Job& Remember(std::string mistake);

  std::string name_;
  TaskId tasks_;
  std::vector<taskgraph::Link> links_;
  std::vector<ConfigKey> config_keys_;
  ConfiguredTaskBuilder builder_;
  JobOptions options_;
  std::string mistake_;
};

// Runs the job as the command line says: `run` (the default: everything on this
// machine), `node` or `controller`; `--help` lists the options. Returns the
// process's exit code: 0 for success, the job's own code, 2 for a wrong command
// line or a mistake in the job's declaration, 74 if all went well but what was
// printed could not be written (a full disk), else 1 for what went wrong and
// 128 + N after signal N. Call it once, and print nothing after it.
int Main(const Job& job, int argc, char** argv);

// Runs the whole job inside this process and waits for its end. For tests and
// small jobs; `config` overrides defaults of declared keys. UsageError for
// other keys, and for a mistake in the job's declaration.
ExitStatus RunInProcess(const Job& job, const Config& config = {});

}  // namespace taskgraph
