// SPDX-License-Identifier: Apache-2.0
#include "storm/budget.h"

#include <algorithm>
#include <utility>

namespace taskgraph::storm {
namespace {

bool Meet(const NodeSet& some, const NodeSet& others) {
  return std::ranges::any_of(
      some, [&](const std::string& node) { return others.contains(node); });
}

bool AreAmong(const NodeSet& some, const NodeSet& others) {
  return std::ranges::all_of(
      some, [&](const std::string& node) { return others.contains(node); });
}

}  // namespace

void Budget::Renew(const Records& records) {
  copies_.clear();
  primaries_.clear();
  done_ = {};
  for (const auto& [task, record] : records.tasks) {
    primaries_.insert(record.primary);
  }
  Note(records);
}

void Budget::Note(const Records& records) {
  for (const auto& [task, record] : records.tasks) {
    if (!record.primary.empty()) copies_[task].insert(record.primary);
    copies_[task].insert(record.backups.begin(), record.backups.end());
  }
}

bool Budget::Spend(const NodeSet& nodes, Damage damage) {
  Done done = done_;
  if (damage == Damage::kKills) done.killed.insert(nodes.begin(), nodes.end());
  if (damage == Damage::kParts) done.parted.insert(nodes.begin(), nodes.end());
  if (damage == Damage::kTakes) done.taken.push_back(nodes);
  if (!Suffices(done)) return false;
  done_ = std::move(done);
  return true;
}

bool Budget::Suffices(const Done& done) const {
  switch (app_) {
    case App::kLedger:
      return std::ranges::all_of(copies_, [&](const auto& entry) {
        return IsKept(entry.second, done);
      });
    case App::kDigits:
      return SomebodyRemembers(done);
    case App::kRegression:
      return true;  // Nothing but a file must survive.
  }
  return false;
}

bool Budget::IsKept(const NodeSet& copies, const Done& done) {
  int ways = Meet(copies, done.killed) + Meet(copies, done.parted);
  for (const NodeSet& taken : done.taken) {
    ways += Meet(copies, taken);
    if (AreAmong(copies, taken)) return false;
  }
  return ways <= 1 && !AreAmong(copies, done.killed);
}

// The model is known to every task that was there in the calm, and that has not
// been lost since.
bool Budget::SomebodyRemembers(const Done& done) const {
  NodeSet out = done.killed;
  for (const NodeSet& taken : done.taken)
    out.insert(taken.begin(), taken.end());
  return !AreAmong(primaries_, out);
}

}  // namespace taskgraph::storm
