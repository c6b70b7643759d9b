// SPDX-License-Identifier: Apache-2.0
#include "core/placement.h"

namespace taskgraph::core {

void Placement::Add(const NodeRecord& node, std::uint64_t tasks) {
  const auto [host, is_new] =
      host_of_.try_emplace({node.reserve, node.host}, hosts_.size());
  if (is_new) hosts_.emplace_back();
  Share& share = hosts_[host->second];
  share.tasks += tasks;
  share.slots += node.slots;
  nodes_.push_back(
      {node.node, node.reserve, host->second, {tasks, node.slots}});
  if (tasks < node.slots) free_slots_ += node.slots - tasks;
}

std::optional<NodeId> Placement::Place(const NodeId& avoid) {
  Candidate* best = nullptr;
  for (Candidate& node : nodes_) {
    if (node.share.IsFull()) continue;
    if (best == nullptr || IsBetter(node, *best, avoid)) best = &node;
  }
  if (best == nullptr) return std::nullopt;
  ++best->share.tasks;
  ++hosts_[best->host].tasks;
  --free_slots_;
  return best->node;
}

bool Placement::IsBetter(const Candidate& a, const Candidate& b,
                         const NodeId& avoid) const {
  if ((a.node == avoid) != (b.node == avoid)) return b.node == avoid;
  if (a.reserve != b.reserve) return a.reserve < b.reserve;
  const Share& host_a = hosts_[a.host];
  const Share& host_b = hosts_[b.host];
  if (host_a.IsEmptierThan(host_b)) return true;
  if (host_b.IsEmptierThan(host_a)) return false;
  if (a.share.IsEmptierThan(b.share)) return true;
  if (b.share.IsEmptierThan(a.share)) return false;
  return a.node < b.node;
}

}  // namespace taskgraph::core
