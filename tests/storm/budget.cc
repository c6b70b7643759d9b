// SPDX-License-Identifier: Apache-2.0
#include "storm/budget.h"

#include <algorithm>

namespace taskgraph::storm {

void Budget::Renew(const Records& records) {
  tasks_ = records.tasks;
  taken_.clear();
  parted_.clear();
}

bool Budget::Spend(const NodeSet& nodes, Damage damage) {
  NodeSet taken = taken_, parted = parted_;
  if (damage == Damage::kTakes) taken.insert(nodes.begin(), nodes.end());
  if (damage == Damage::kParts) parted.insert(nodes.begin(), nodes.end());
  if (!Suffices(taken, parted)) return false;
  taken_ = std::move(taken);
  parted_ = std::move(parted);
  return true;
}

bool Budget::Suffices(const NodeSet& taken, const NodeSet& parted) const {
  switch (app_) {
    case App::kLedger:
      return LedgerSuffices(taken, parted);
    case App::kDigits:
      return DigitsSuffices(taken);
    case App::kRegression:
      return true;  // Nothing but a file must survive.
  }
  return false;
}

// Each branch keeps a copy. Of two that lost sight of each other one may have
// been given up, we don't know which: neither counts once a third is taken.
bool Budget::LedgerSuffices(const NodeSet& taken, const NodeSet& parted) const {
  return std::ranges::all_of(tasks_, [&](const auto& entry) {
    const TaskRecord& task = entry.second;
    std::vector<std::string> copies = task.backups;
    copies.push_back(task.primary);
    const auto is_taken = [&](const std::string& node) {
      return taken.contains(node);
    };
    return std::ranges::none_of(copies, is_taken) ||
           std::ranges::any_of(copies, [&](const std::string& node) {
             return !is_taken(node) && !parted.contains(node);
           });
  });
}

// Some task of all remembers the model.
bool Budget::DigitsSuffices(const NodeSet& taken) const {
  return std::ranges::any_of(tasks_, [&](const auto& entry) {
    return !taken.contains(entry.second.primary);
  });
}

}  // namespace taskgraph::storm
