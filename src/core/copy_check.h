// SPDX-License-Identifier: Apache-2.0
//
// CopyCheck: when a task's backups compare their state with their primary's
// (BackupOptions::check_every), and what they are told.
//
// Pure. Not thread-safe; owned by ReplicaCore.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "core/turn_log.h"
#include "core/vocabulary.h"

namespace taskgraph::core {

class CopyCheck {
 public:
  explicit CopyCheck(std::uint32_t every) : every_(every) {}

  bool enabled() const { return every_ > 0; }

  // After each turn's record: says whether it is time.
  bool Count(const Cause& cause, Epoch epoch) {
    if (!enabled() || ++turns_ < every_) return false;
    last_ = Describe(cause) + ", epoch " + std::to_string(epoch);
    return true;
  }

  // `state` is the primary's after the records up to `number`.
  CompareState Take(RecordNumber number, Payload state) {
    std::string after = "turn " + std::to_string(number);
    if (!last_.empty()) after += " (" + last_ + ")";
    if (turns_ > 1) {
      after += ", or one of the " + std::to_string(turns_ - 1) + " before it";
    }
    Skip();
    return {std::move(after), std::move(state)};
  }
  // There is no such state.
  void Skip() {
    turns_ = 0;
    last_.clear();
  }

 private:
  std::uint32_t every_;
  std::uint32_t turns_ = 0;  // Since the last comparison.
  std::string last_;         // The one that made it time, in words.
};

// Why the job ends, when a backup found a difference.
inline std::string DifferenceText(TaskId task, const NodeId& node,
                                  const CompareState& compare,
                                  const std::string& difference) {
  return "task " + std::to_string(task) + ": its backup on node " + node +
         " differs from its primary after " + compare.after + ": " +
         difference +
         "; all that changes a task's state must be an update, and an update "
         "must do the same on every replica";
}

}  // namespace taskgraph::core
