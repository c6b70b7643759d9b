// SPDX-License-Identifier: Apache-2.0
//
// Which task goes where: the controller's plans.
#include <algorithm>
#include <iterator>
#include <utility>

#include "core/controller_core.h"

namespace taskgraph::core {
namespace {

// A transaction may hold 128 operations, and a change takes two.
constexpr std::size_t kChangesPerProposalMax = 50;

}  // namespace

void ControllerCore::Plan() {
  if (!coordinator_there_ || end_ || end_proposed_) return;
  if (vacant_.empty() && lost_.empty() && short_.empty()) return;
  Placement slots = CountSlots();
  if (!any_assigned_ && pending_.empty() &&
      (nodes().size() < options_.nodes_expected ||
       slots.free_slots() < directory_.tasks())) {
    return;
  }
  std::vector<AssignmentChange> changes;
  for (TaskId task : std::exchange(lost_, {})) {
    changes.push_back(Replace(task, slots));
  }
  while (!vacant_.empty()) {
    std::optional<AssignmentChange> change = Place(*vacant_.begin(), slots);
    if (!change) break;
    vacant_.erase(vacant_.begin());
    changes.push_back(*std::move(change));
  }
  // All primaries come first.
  for (AssignmentChange& change : changes) PlaceBackups(change, slots);
  for (auto it = short_.begin(); it != short_.end();) {
    std::optional<AssignmentChange> change = FillUp(*it, slots);
    it = change ? short_.erase(it) : std::next(it);
    if (change) changes.push_back(*std::move(change));
  }
  Propose(std::move(changes));
}

Placement ControllerCore::CountSlots() const {
  std::map<NodeId, std::size_t> promised;
  for (const auto& [task, next] : pending_) {
    for (const NodeId& node : next.Replicas()) {
      if (!roster_.tasks_on(node).contains(task)) ++promised[node];
    }
  }
  Placement slots;
  for (const auto& [node, record] : nodes()) {
    if (roster_.IsDead(node)) continue;
    slots.Add(record, roster_.tasks_on(node).size() + promised[node]);
  }
  return slots;
}

// Mostly a backup was quicker and has promoted itself. R5: the loss of the last
// replica and its cause go into one change, with the next place if there is
// one; else neighbors must hear at least of the loss (R22).
AssignmentChange ControllerCore::Replace(TaskId task, Placement& slots) const {
  const Assignment& record = directory_.of(task);
  Assignment next;
  if (const NodeId* backup = LiveBackup(record)) {
    next = record.PromotedTo(*backup);
  } else {
    next = record.Lost();
    if (auto node = slots.Place(record.primary)) {
      next.primary = *std::move(node);
      next.began = next.term;
    }
  }
  next.last_error = roster_.DescribeLoss(record.primary);
  return {task, record, std::move(next)};
}

std::optional<AssignmentChange> ControllerCore::Place(TaskId task,
                                                      Placement& slots) const {
  const auto last = last_primary_.find(task);
  std::optional<NodeId> node =
      slots.Place(last == last_primary_.end() ? NodeId() : last->second);
  if (!node) return std::nullopt;
  const Assignment& record = directory_.of(task);
  return AssignmentChange{task, record, record.BegunBy(*std::move(node))};
}

// Who begins with the incarnation is in-sync from the start.
void ControllerCore::PlaceBackups(AssignmentChange& change,
                                  Placement& slots) const {
  Assignment& next = change.next;
  if (!next.HasPrimary() || next.began != next.term) return;
  const std::uint32_t wanted = options_.options.backups.For(change.task);
  while (next.backups.size() < wanted) {
    std::optional<NodeId> node = slots.PlaceBeside(next.Replicas());
    if (!node) return;
    next.backups.push_back(*std::move(node));
  }
}

void ControllerCore::Propose(std::vector<AssignmentChange> changes) {
  for (const AssignmentChange& change : changes) {
    pending_[change.task] = change.next;
  }
  for (auto it = changes.begin(); it != changes.end();) {
    const auto rest = static_cast<std::size_t>(changes.end() - it);
    const auto end = it + std::min(rest, kChangesPerProposalMax);
    outputs_.push_back(ProposeAssignments{
        {std::make_move_iterator(it), std::make_move_iterator(end)}});
    it = end;
  }
}

// R20: of backups, present and to come.
bool ControllerCore::IsShort(TaskId task) const {
  const Assignment& record = directory_.of(task);
  const std::size_t has = record.backups.size() + record.joining.size();
  return has < options_.options.backups.For(task) ||
         std::any_of(record.joining.begin(), record.joining.end(),
                     [&](const NodeId& node) { return IsAbsent(node); });
}

// Nothing: there is no room.
std::optional<AssignmentChange> ControllerCore::FillUp(TaskId task,
                                                       Placement& slots) const {
  const Assignment& record = directory_.of(task);
  const std::uint32_t wanted = options_.options.backups.For(task);
  Assignment next = record;
  std::erase_if(next.joining,
                [&](const NodeId& node) { return IsAbsent(node); });
  while (next.backups.size() + next.joining.size() < wanted) {
    std::optional<NodeId> node = slots.PlaceBeside(next.Replicas());
    if (!node) break;
    next.joining.push_back(*std::move(node));
    ++next.joins;
  }
  if (next == record) return {};
  return AssignmentChange{task, record, std::move(next)};
}

}  // namespace taskgraph::core
