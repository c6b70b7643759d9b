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

// Empty: nothing is wrong.
std::string WrongName(const std::string& name) {
  constexpr std::size_t kNameBytesMax = 100;
  if (!name.empty() && name.size() <= kNameBytesMax &&
      std::all_of(name.begin(), name.end(), IsNameChar)) {
    return {};
  }
  return "the job's name '" + name +
         "' must have 1..100 letters, digits, '-', '_' or '.'";
}

std::string WrongTasks(TaskId tasks) {
  if (tasks >= 1 && tasks <= Job::kTasksMax) return {};
  std::string wrong = "a job must have 1.." + std::to_string(Job::kTasksMax) +
                      " tasks, not " + std::to_string(tasks);
  constexpr TaskId kLargestPositive = 0x7fffffff;
  if (tasks > kLargestPositive) wrong += " (was a negative number meant?)";
  return wrong;
}

std::string TooManyBackups(std::uint32_t count) {
  return "Job::Backups: a task may have 0.." +
         std::to_string(Job::kBackupsMax) + " backups, not " +
         std::to_string(count);
}

}  // namespace

Job::Job(std::string name, TaskId tasks)
    : name_(std::move(name)), tasks_(tasks) {
  Remember(WrongName(name_));
  Remember(WrongTasks(tasks));
}

// Only the first: others may be its consequences.
Job& Job::Remember(std::string mistake) {
  if (mistake_.empty()) mistake_ = std::move(mistake);
  return *this;
}

void Job::Rename(std::string name) {
  const std::string wrong = WrongName(name);
  if (!wrong.empty()) throw UsageError(wrong);
  name_ = std::move(name);
}

void Job::SetTasks(TaskId tasks) {
  const std::string wrong = WrongTasks(tasks);
  if (!wrong.empty()) throw UsageError(wrong);
  tasks_ = tasks;
}

Job& Job::Link(LinkType type, Topology topology) {
  if (type.empty()) return Remember("Job::Link: a link type needs a name");
  for (const auto& link : links_) {
    if (link.type == type) {
      return Remember("Job::Link: there is a link type '" + type +
                      "' already; give this one another name");
    }
  }
  links_.push_back({std::move(type), std::move(topology)});
  return *this;
}

Job& Job::Build(TaskBuilder builder) {
  if (!builder) return Build(ConfiguredTaskBuilder());
  return Build(ConfiguredTaskBuilder(
      [builder = std::move(builder)](TaskId id, const taskgraph::Config&) {
        return builder(id);
      }));
}

Job& Job::Build(ConfiguredTaskBuilder builder) {
  if (!builder) return Remember("Job::Build: the function is empty");
  if (builder_) {
    return Remember("Job::Build: the job has a builder already; call it once");
  }
  builder_ = std::move(builder);
  return *this;
}

Job& Job::Config(std::string name, std::string default_value,
                 std::string help) {
  if (name.empty() || name.find('=') != std::string::npos) {
    return Remember("Job::Config: the key '" + name +
                    "' must have a name, without '='");
  }
  for (const ConfigKey& key : config_keys_) {
    if (key.name == name) {
      return Remember("Job::Config: there is a key '" + name +
                      "' already; declare it once");
    }
  }
  config_keys_.push_back(
      {std::move(name), std::move(default_value), std::move(help)});
  return *this;
}

Job& Job::Backups(std::uint32_t each) {
  if (each > kBackupsMax) return Remember(TooManyBackups(each));
  options_.backups.each = each;
  return *this;
}

Job& Job::Backups(TaskId task, std::uint32_t count) {
  if (count > kBackupsMax) return Remember(TooManyBackups(count));
  options_.backups.of[task] = count;
  return *this;
}

std::uint64_t Job::replicas() const {
  std::uint64_t replicas = tasks_ * (std::uint64_t{1} + options_.backups.each);
  for (const auto& [task, count] : options_.backups.of) {
    if (task < tasks_) replicas += count - std::uint64_t{options_.backups.each};
  }
  return replicas;
}

}  // namespace taskgraph
