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

class Job {
 public:
  // `name` is part of the keys at the coordinator: letters, digits, '-', '_'
  // and '.'; `tasks` >= 1; both can be changed on the command line. UsageError
  // otherwise.
  Job(std::string name, TaskId tasks);

  // Relates tasks by the name `type`. UsageError for an empty or repeated name.
  Job& Link(LinkType type, Topology topology);

  // Says how tasks are made. Call one of the two, once.
  Job& Build(TaskBuilder builder);
  Job& Build(ConfiguredTaskBuilder builder);

  // Declares a key of the configuration, with its default. Values are given by
  // `--config name=value` and read by Turn::config(). UsageError for a repeated
  // name.
  Job& Config(std::string name, std::string default_value, std::string help);

  // Limits and times; see options.h.
  JobOptions& options() { return options_; }
  const JobOptions& options() const { return options_; }

  // --- For the framework ---
  const std::string& name() const { return name_; }
  TaskId tasks() const { return tasks_; }
  const std::vector<taskgraph::Link>& links() const { return links_; }
  const std::vector<ConfigKey>& config_keys() const { return config_keys_; }
  const ConfiguredTaskBuilder& builder() const { return builder_; }
  // UsageError as in the constructor.
  void Rename(std::string name);
  void SetTasks(TaskId tasks);

 private:
  std::string name_;
  TaskId tasks_;
  std::vector<taskgraph::Link> links_;
  std::vector<ConfigKey> config_keys_;
  ConfiguredTaskBuilder builder_;
  JobOptions options_;
};

// Runs the job as the command line says: `run` (the default: everything on this
// machine), `node` or `controller`; `--help` lists the options. Returns the
// process's exit code: 0 for success, the job's own code, or 2 for a wrong
// command line.
int Main(const Job& job, int argc, char** argv);

// Runs the whole job inside this process and waits for its end. For tests and
// small jobs; `config` overrides defaults of declared keys (UsageError for
// others).
ExitStatus RunInProcess(const Job& job, const Config& config = {});

}  // namespace taskgraph
