// SPDX-License-Identifier: Apache-2.0
//
// Causes in words.
#include <string>

#include "core/turn.h"

namespace taskgraph::core {
namespace {

std::string Task(TaskId task) { return "task " + std::to_string(task); }

struct Describer {
  std::string operator()(const InitTask&) const { return "in Init"; }
  std::string operator()(const EnterEpoch&) const { return "in EnterEpoch"; }
  std::string operator()(const HearMeta& meta) const {
    return "hearing a meta of " + Task(meta.from) + " on link type '" +
           meta.link + "'";
  }
  std::string operator()(const ServeRequest& request) const {
    return "serving " + request.method + " to " + Task(request.id.task);
  }
  std::string operator()(const TakeData& data) const {
    return "taking " + data.method + " from " + Task(data.from);
  }
  std::string operator()(const HearFailure& failure) const {
    return "hearing that " + failure.failed.method + " of " +
           Task(failure.failed.to) + " failed: " + failure.failed.error.message;
  }
  std::string operator()(const NeighborLost& lost) const {
    return "hearing that " + Task(lost.neighbor.task) + " failed";
  }
  std::string operator()(const NeighborBack& back) const {
    return "hearing that " + Task(back.neighbor.task) + " restarted";
  }
  std::string operator()(const ExitTask&) const { return "in Exit"; }
  std::string operator()(const ChangeRole& role) const {
    return role.to == ChangeRole::To::kPrimary ? "in BecamePrimary"
                                               : "in BecameBackup";
  }
  std::string operator()(const TakeSnapshot&) const { return "in Snapshot"; }
  std::string operator()(const ApplyUpdates&) const { return "in Update"; }
  std::string operator()(const CompareState&) const {
    return "comparing a backup with its primary, in Snapshot";
  }
};

}  // namespace

std::string Describe(const Cause& cause) {
  return std::visit(Describer{}, cause);
}

}  // namespace taskgraph::core
