// SPDX-License-Identifier: Apache-2.0
#include "core/roster.h"

#include <utility>

namespace taskgraph::core {

void Roster::Join(NodeRecord record) {
  const auto death = dead_.find(record.node);
  if (death != dead_.end() && death->second.session_ended) dead_.erase(death);
  const NodeId node = record.node;
  nodes_[node] = std::move(record);
}

bool Roster::Leave(const NodeId& node) {
  if (nodes_.erase(node) == 0) return false;
  const auto death = dead_.find(node);
  if (death != dead_.end()) death->second.session_ended = true;
  ForgetIfUnneeded(node);
  return true;
}

bool Roster::Die(const NodeId& node, std::string reason) {
  if (!dead_.try_emplace(node, Death{std::move(reason)}).second) return false;
  if (!HasSession(node) && !tasks_on_.contains(node)) AwaitSession(node);
  return true;
}

// It may be on its way still; but not for ever.
void Roster::AwaitSession(const NodeId& node) {
  constexpr std::size_t kAwaitedMax = 64;
  unseen_.push_back(node);
  if (unseen_.size() <= kAwaitedMax) return;
  ForgetIfUnneeded(unseen_.front());
  unseen_.pop_front();
}

void Roster::Move(TaskId task, const Assignment& before,
                  const Assignment& after) {
  if (!before.primary.empty()) --primaries_on_[before.primary];
  if (!after.primary.empty()) ++primaries_on_[after.primary];
  const std::vector<NodeId> old = before.Replicas();
  const std::vector<NodeId> now = after.Replicas();
  for (const NodeId& node : now) tasks_on_[node].insert(task);
  for (const NodeId& node : old) {
    if (!IsIn(node, now)) Leave(task, node);
  }
}

void Roster::Leave(TaskId task, const NodeId& node) {
  const auto found = tasks_on_.find(node);
  if (found == tasks_on_.end()) return;
  found->second.erase(task);
  if (found->second.empty()) tasks_on_.erase(found);
  ForgetIfUnneeded(node);
}

std::string Roster::DescribeLoss(const NodeId& node) const {
  const auto death = dead_.find(node);
  const bool known = death != dead_.end() && !death->second.reason.empty();
  return "node " + node + " was lost" +
         (known ? " (" + death->second.reason + ")" : "");
}

const std::set<TaskId>& Roster::tasks_on(const NodeId& node) const {
  static const std::set<TaskId> kNone;
  const auto found = tasks_on_.find(node);
  return found == tasks_on_.end() ? kNone : found->second;
}

std::size_t Roster::placed() const {
  std::size_t count = 0;
  for (const auto& [node, primaries] : primaries_on_) {
    if (HasSession(node)) count += primaries;
  }
  return count;
}

std::vector<TaskId> Roster::strays() const {
  std::vector<TaskId> found;
  for (const auto& [node, tasks] : tasks_on_) {
    if (!HasSession(node))
      found.insert(found.end(), tasks.begin(), tasks.end());
  }
  return found;
}

// A death that was never seen with a session is kept: its session may be on its
// way.
void Roster::ForgetIfUnneeded(const NodeId& node) {
  if (HasSession(node) || tasks_on_.contains(node)) return;
  dead_.erase(node);
  primaries_on_.erase(node);
}

}  // namespace taskgraph::core
