// SPDX-License-Identifier: Apache-2.0
#include "coordination/lease_table.h"

namespace taskgraph::coordination {

void LeaseTable::Add(LeaseId lease, std::chrono::seconds time_to_live,
                     Time now) {
  leases_[lease].time_to_live = time_to_live;
  Renew(lease, now);
}

void LeaseTable::Renew(LeaseId id, Time now) {
  Lease& lease = leases_.at(id);
  deadlines_.erase({lease.deadline, id});
  lease.deadline = now + lease.time_to_live;
  deadlines_.insert({lease.deadline, id});
}

void LeaseTable::Hang(const std::string& key, LeaseId lease) {
  if (const auto before = lease_of_key_.find(key);
      before != lease_of_key_.end()) {
    leases_.at(before->second).keys.erase(key);
    lease_of_key_.erase(before);
  }
  if (lease == 0) return;
  leases_.at(lease).keys.insert(key);
  lease_of_key_[key] = lease;
}

std::set<std::string> LeaseTable::Remove(LeaseId id) {
  const auto found = leases_.find(id);
  deadlines_.erase({found->second.deadline, id});
  std::set<std::string> keys = std::move(found->second.keys);
  for (const std::string& key : keys) lease_of_key_.erase(key);
  leases_.erase(found);
  return keys;
}

std::optional<LeaseStatus> LeaseTable::Status(LeaseId id, Time now) const {
  const auto found = leases_.find(id);
  if (found == leases_.end()) return std::nullopt;
  const Lease& lease = found->second;
  return LeaseStatus{
      id, lease.time_to_live, lease.deadline - now,
      std::vector<std::string>(lease.keys.begin(), lease.keys.end())};
}

std::vector<LeaseId> LeaseTable::All() const {
  std::vector<LeaseId> ids;
  for (const auto& [id, lease] : leases_) ids.push_back(id);
  return ids;
}

std::vector<LeaseId> LeaseTable::ExpiredAt(Time now) const {
  std::vector<LeaseId> ids;
  for (const auto& [deadline, id] : deadlines_) {
    if (deadline > now) break;
    ids.push_back(id);
  }
  return ids;
}

std::optional<Time> LeaseTable::NextDeadline() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

}  // namespace taskgraph::coordination
