// SPDX-License-Identifier: Apache-2.0
//
// A job's keys at the coordinator, and the JSON values that people can read
// there.
//
//   /taskgraph/JOB/spec                   what was submitted (JobSpec)
//   /taskgraph/JOB/clock                  {"epoch":3,"generation":1}
//   /taskgraph/JOB/tasks/7/assignment     who has task 7 (R1)
//   /taskgraph/JOB/tasks/7/term           its term alone: what guards compare
//   (R3) /taskgraph/JOB/nodes/NODE             a node's registration, bound to
//   its session /taskgraph/JOB/controller             the elected controller,
//   bound to its session /taskgraph/JOB/status                 how the job
//   ended (R24)
//
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordination/types.h"
#include "core/vocabulary.h"
#include "taskgraph/options.h"
#include "taskgraph/turn.h"

namespace taskgraph::coordination {

// What all nodes of a job must agree on.
struct JobSpec {
  std::string instance;  // Random; tells this run from others of the same name.
  TaskId tasks = 0;
  std::string links;  // core::Links::Fingerprint().
  std::uint32_t nodes_expected = 1;
  Config config;
  JobOptions options;
  // Recognizes the job's token without giving it away; empty: not checked. Who
  // has another one would be turned away by all its peers, later and less
  // clearly.
  std::string token_mark;
};

// What differs between two specs in one line: "this one has 15 tasks, the job
// has 31". None: they agree. Instances are not compared.
std::optional<std::string> Difference(const JobSpec& mine,
                                      const JobSpec& theirs);

// The settings in which two specs differ: "config KEY", or an option's name as
// the spec has it.
std::vector<std::string> DifferingSettings(const JobSpec& mine,
                                           const JobSpec& theirs);

class JobKeys {
 public:
  explicit JobKeys(const std::string& job) : root_("/taskgraph/" + job + "/") {}

  const std::string& root() const { return root_; }
  std::string spec() const { return root_ + "spec"; }
  // Its name is the first one in order, so that all others are one range.
  std::string epoch() const { return root_ + "clock"; }
  KeyRange all() const { return KeyRange::Prefix(root_); }
  KeyRange all_but_epoch() const {
    return {epoch() + '\0', KeyRange::Prefix(root_).end};
  }
  std::string status() const { return root_ + "status"; }
  std::string controller() const { return root_ + "controller"; }
  std::string node(const core::NodeId& id) const {
    return root_ + "nodes/" + id;
  }
  std::string assignment(TaskId task) const {
    return root_ + "tasks/" + std::to_string(task) + "/assignment";
  }
  std::string term(TaskId task) const {
    return root_ + "tasks/" + std::to_string(task) + "/term";
  }

  // The task of an assignment key; none: it is another key.
  std::optional<TaskId> AssignedTask(std::string_view key) const;
  // The node of a node key; none: it is another key.
  std::optional<core::NodeId> RegisteredNode(std::string_view key) const;

 private:
  std::string root_;
};

std::string Encode(const JobSpec& spec);
std::string Encode(const core::Assignment& assignment);
std::string Encode(const core::EpochAdvanced& epoch);
std::string Encode(const core::NodeRecord& node);
std::string Encode(const core::JobEnd& end);

// None: the text is not such a value.
std::optional<JobSpec> DecodeSpec(const std::string& text);
std::optional<core::Assignment> DecodeAssignment(const std::string& text);
std::optional<core::EpochAdvanced> DecodeEpoch(const std::string& text);
std::optional<core::NodeRecord> DecodeNode(const std::string& text);
std::optional<core::JobEnd> DecodeEnd(const std::string& text);

}  // namespace taskgraph::coordination
