// SPDX-License-Identifier: Apache-2.0
//
// Job: what the application declares, checked as it is declared.
#include "taskgraph/job.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "taskgraph/error.h"

namespace taskgraph {
namespace {

bool IsNameChar(unsigned char c) {
  return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
}

}  // namespace

Job::Job(std::string name, TaskId tasks) : tasks_(tasks) {
  Rename(std::move(name));
  SetTasks(tasks);
}

void Job::Rename(std::string name) {
  if (name.empty() || name.size() > 100 ||
      !std::all_of(name.begin(), name.end(), IsNameChar)) {
    throw UsageError("the job's name '" + name +
                     "' must have 1..100 letters, digits, '-', '_' or '.'");
  }
  name_ = std::move(name);
}

void Job::SetTasks(TaskId tasks) {
  if (tasks == 0) throw UsageError("a job must have at least one task");
  tasks_ = tasks;
}

Job& Job::Link(LinkType type, Topology topology) {
  const bool known =
      std::any_of(links_.begin(), links_.end(),
                  [&](const auto& link) { return link.type == type; });
  if (type.empty() || known) {
    throw UsageError(type.empty()
                         ? "a link type needs a name"
                         : "there is a link type '" + type + "' already");
  }
  links_.push_back({std::move(type), std::move(topology)});
  return *this;
}

Job& Job::Build(TaskBuilder builder) {
  return Build(ConfiguredTaskBuilder(
      [builder = std::move(builder)](TaskId id, const taskgraph::Config&) {
        return builder(id);
      }));
}

Job& Job::Build(ConfiguredTaskBuilder builder) {
  if (builder_) throw UsageError("the job has a builder already");
  builder_ = std::move(builder);
  return *this;
}

Job& Job::Config(std::string name, std::string default_value,
                 std::string help) {
  const bool known =
      std::any_of(config_keys_.begin(), config_keys_.end(),
                  [&](const ConfigKey& key) { return key.name == name; });
  if (name.empty() || known || name.find('=') != std::string::npos) {
    throw UsageError("the configuration key '" + name +
                     "' must have a name of its own, without '='");
  }
  config_keys_.push_back(
      {std::move(name), std::move(default_value), std::move(help)});
  return *this;
}

}  // namespace taskgraph
