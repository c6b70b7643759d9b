// SPDX-License-Identifier: Apache-2.0
#include "core/placement.h"

#include <set>

namespace taskgraph::core {

void Placement::Add(const NodeRecord& node, std::uint64_t tasks) {
  const auto [host, is_new] =
      host_of_.try_emplace({node.reserve, node.host}, hosts_.size());
  if (is_new) hosts_.emplace_back();
  Share& share = hosts_[host->second];
  share.tasks += tasks;
  share.slots += node.slots;
  nodes_.push_back(
      {node.node, node.reserve, host->second, node.host, {tasks, node.slots}});
  if (tasks < node.slots) free_slots_ += node.slots - tasks;
}

template <typename Rank>
std::optional<NodeId> Placement::Best(Rank rank) {
  Candidate* best = nullptr;
  int best_rank = 0;
  for (Candidate& node : nodes_) {
    if (node.share.IsFull()) continue;
    const std::optional<int> its_rank = rank(node);
    if (!its_rank) continue;
    if (best == nullptr || *its_rank < best_rank ||
        (*its_rank == best_rank && IsBetter(node, *best))) {
      best = &node;
      best_rank = *its_rank;
    }
  }
  if (best == nullptr) return std::nullopt;
  ++best->share.tasks;
  ++hosts_[best->host].tasks;
  --free_slots_;
  return best->node;
}

std::optional<NodeId> Placement::Place(const NodeId& avoid) {
  return Best([&](const Candidate& node) -> std::optional<int> {
    return node.node == avoid ? 1 : 0;
  });
}

std::optional<NodeId> Placement::PlaceBeside(
    const std::vector<NodeId>& others) {
  std::set<std::string> hosts;
  for (const Candidate& node : nodes_) {
    if (IsIn(node.node, others)) hosts.insert(node.host_name);
  }
  return Best([&](const Candidate& node) -> std::optional<int> {
    if (IsIn(node.node, others)) return {};
    return hosts.contains(node.host_name) ? 1 : 0;
  });
}

bool Placement::IsBetter(const Candidate& a, const Candidate& b) const {
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
