// SPDX-License-Identifier: Apache-2.0
//
// NodeCore: which replicas live here, how they begin and end, and who succeeds
// whom.
#include <algorithm>
#include <utility>

#include "core/node_core.h"

namespace taskgraph::core {

bool NodeCore::MayBegin(ReplicaId replica) const {
  if (const ReplicaCore* found = Find(replica)) return found->MayBegin();
  const auto backup = backup_ids_.find(replica);
  return backup != backup_ids_.end() && backups_.at(backup->second)->MayBegin();
}

// What the record of `task` makes of this node.
void NodeCore::Review(TaskId task, Time now) {
  const bool epoch_is_known = generation_ > 0;
  if (!epoch_is_known || end_) return;
  const Assignment& record = directory_.of(task);
  const bool is_primary = record.primary == around_.self;
  const bool is_backup = IsIn(around_.self, record.backups);
  const bool is_joining = IsIn(around_.self, record.joining);
  if (const auto found = backups_.find(task); found != backups_.end()) {
    BackupCore& backup = *found->second;
    const ReplicaIdentity identity = backup.identity();
    const JoinNumber join = backup.log().join();
    const bool stays = is_primary ||
                       is_backup ||  // Each term has snapshots of its own:
                       (is_joining && identity.term == record.term);
    if (identity.incarnation != record.incarnation || !stays) {
      DropBackup(task);
      // Its primary may have missed that it was not wanted meanwhile.
      if (identity.incarnation == record.incarnation &&
          identity.term == record.term && record.HasPrimary()) {
        RefuseCopy(record.primary, task, identity.incarnation, join);
      }
    } else if (is_backup) {
      backup.Follow(record.term);
      Succeed(task);
    }
  }
  if (is_primary && record.term > primary_since_[task]) {
    primary_since_[task] = record.term;
    if (backups_.contains(task)) {
      Promote(task, now);
    } else {
      Start(task, now);
    }
  } else if (is_backup && !backups_.contains(task)) {
    const auto dropped = dropped_.find(task);
    if (dropped == dropped_.end() || dropped->second != record.incarnation) {
      StartBackup(task);
    }
  }
}

// A primary that begins with nothing, in the term in which its incarnation
// begins; in a later one, and without a copy, it must not (R4).
void NodeCore::Start(TaskId task, Time now) {
  const Assignment& record = directory_.of(task);
  if (record.began != 0 && record.term != record.began) {
    return Surrender(task, {0, "its copy was lost"});
  }
  ReplicaCore& started = Add(std::make_unique<ReplicaCore>(
      ReplicaIdentity{++last_replica_, task, record.term, record.incarnation,
                      generation_},
      around_));
  started.Begin(epoch_, now);
  Settle(started, now);
}

ReplicaCore& NodeCore::Add(std::unique_ptr<ReplicaCore> replica) {
  ReplicaCore& added = *replica;
  const ReplicaId id = added.identity().replica;
  if (by_id_.size() <= id) by_id_.resize(id + 1, nullptr);
  by_id_[id] = &added;
  hosts_[added.identity().task] = &added;
  replicas_.emplace(id, std::move(replica));
  return added;
}

void NodeCore::StartBackup(TaskId task) {
  const Assignment& record = directory_.of(task);
  AddBackup(std::make_unique<BackupCore>(
      ReplicaIdentity{++last_replica_, task, record.term, record.incarnation,
                      generation_},
      around_));
  Succeed(task);
}

void NodeCore::AddBackup(std::unique_ptr<BackupCore> backup) {
  const ReplicaIdentity& identity = backup->identity();
  backup_ids_[identity.replica] = identity.task;
  backups_[identity.task] = std::move(backup);
}

// R20: the primary and this node speak of the same choice of the controller's.
void NodeCore::TakeInvitation(ReplicaMessage&& message) {
  const TaskId task = message.task;
  auto& invitation = std::get<Invitation>(message.body);
  const Assignment& record = directory_.of(task);
  const auto found = backups_.find(task);
  const bool is_news =
      found == backups_.end() ||
      found->second->log().IsBefore(invitation.term, invitation.join);
  if (!is_news) return;
  if (invitation.term != record.term || !IsIn(around_.self, record.joining)) {
    if (!record.HasPrimary()) return;
    return RefuseCopy(record.primary, message.task, message.incarnation,
                      invitation.join);
  }
  if (found != backups_.end()) DropBackup(task);
  AddBackup(std::make_unique<BackupCore>(
      ReplicaIdentity{++last_replica_, task, record.term, record.incarnation,
                      generation_},
      around_, std::move(invitation)));
  SettleBackup(task);
}

void NodeCore::RefuseCopy(const NodeId& primary, TaskId task,
                          Incarnation incarnation, JoinNumber join) {
  outputs_.push_back(SendMessage{
      primary, ReplicaMessage{task, incarnation, generation_,
                              ReplicaGone{directory_.of(task).term, join}}});
}

// There is no room for it, and it is not sent again by itself.
void NodeCore::RefuseInvitation(const NodeId& from,
                                const ReplicaMessage& message) {
  const auto* invitation = std::get_if<Invitation>(&message.body);
  if (invitation == nullptr || !directory_.Has(message.task)) return;
  RefuseCopy(from, message.task, message.incarnation, invitation->join);
}

// R4: it goes on where its primary was.
void NodeCore::Promote(TaskId task, Time now) {
  const Assignment& record = directory_.of(task);
  BackupCore& backup = *backups_.at(task);
  ReplicaIdentity identity = backup.identity();
  identity.term = record.term;
  std::optional<Estate> estate = backup.TakeOver();
  if (!estate) {
    std::string why = "its backup is no copy: " + *backup.broken();
    DropBackup(task);
    return Surrender(task, {0, std::move(why)});
  }
  backup_ids_.erase(identity.replica);
  backups_.erase(task);
  const Epoch its = estate->books.entered;
  ReplicaCore& promoted =
      Add(std::make_unique<ReplicaCore>(identity, around_, *std::move(estate)));
  HearOfEpoch(generation_, its, now);  // R6: its primary knew of it.
  promoted.Begin(epoch_, now);
  Settle(promoted, now);
}

void NodeCore::DropBackup(TaskId task) {
  const auto found = backups_.find(task);
  const ReplicaId id = found->second->identity().replica;
  outputs_.push_back(DropTask{id});
  dropped_[task] = found->second->identity().incarnation;
  backup_ids_.erase(id);
  backups_.erase(found);
}

// What is no copy any more must not be taken for one.
void NodeCore::SettleBackup(TaskId task) {
  const BackupCore& backup = *backups_.at(task);
  if (!backup.broken()) return;
  const Assignment& record = directory_.of(task);
  if (record.HasPrimary()) {
    RefuseCopy(record.primary, task, backup.identity().incarnation,
               backup.log().join());
  }
  DropBackup(task);
}

void NodeCore::Receive(const NodeId& from, ReplicaMessage&& message, Time now) {
  const TaskId task = message.task;
  if (!directory_.Has(task) || message.generation != generation_ || end_) {
    return;
  }
  if (IsEarly(message)) return KeepEarlyForCopy(from, std::move(message));
  if (const auto* append = std::get_if<LogAppend>(&message.body)) {
    return TakeAppend(from, message, *append);
  }
  if (const auto* order = std::get_if<SnapshotOrder>(&message.body)) {
    const auto found = backups_.find(task);
    if (found == backups_.end()) return;
    found->second->OnSnapshotOrder(*order);
    return SettleBackup(task);
  }
  if (std::holds_alternative<Invitation>(message.body)) {
    return TakeInvitation(std::move(message));
  }
  ReplicaCore* host = HostOf(task);
  if (host == nullptr || host->identity().incarnation != message.incarnation) {
    return;
  }
  if (const auto* ack = std::get_if<LogAck>(&message.body)) {
    host->OnLogAck(from, *ack, now);
  } else if (const auto& gone = std::get<ReplicaGone>(message.body);
             gone.term > host->identity().term) {  // R2
    host->OnSuperseded();
  } else {
    host->OnReplicaGone(from, gone, now);
  }
  Settle(*host, now);
}

void NodeCore::TakeAppend(const NodeId& from, const ReplicaMessage& message,
                          const LogAppend& append) {
  const TaskId task = message.task;
  const Term known = directory_.of(task).term;
  const auto found = backups_.find(task);
  if (append.term < known || found == backups_.end() ||
      found->second->identity().incarnation != message.incarnation) {
    return RefuseCopy(from, message.task, message.incarnation, append.join);
  }
  found->second->OnAppend(append);
  SettleBackup(task);
}

// Its sender has seen an assignment that this node has not: it comes soon.
bool NodeCore::IsEarly(const ReplicaMessage& message) const {
  const Assignment& record = directory_.of(message.task);
  if (const auto* append = std::get_if<LogAppend>(&message.body)) {
    return append->term > record.term;
  }
  if (const auto* order = std::get_if<SnapshotOrder>(&message.body)) {
    return order->term > record.term;
  }
  const auto* invitation = std::get_if<Invitation>(&message.body);
  return invitation != nullptr &&
         (invitation->term > record.term || (invitation->term == record.term &&
                                             invitation->joins > record.joins));
}

// What there is no room for is sent again.
void NodeCore::KeepEarlyForCopy(const NodeId& from, ReplicaMessage&& message) {
  if (!early_for_copies_.Add(message.task, from, message, options_.limits)) {
    RefuseInvitation(from, message);
  }
}

void NodeCore::DeliverEarlyForCopy(TaskId task, Time now) {
  for (Held<ReplicaMessage>& one : early_for_copies_.Take(task)) {
    Receive(one.sender, std::move(one.message), now);
  }
}

// R21: a connection to `node` matters to a replica here.
bool NodeCore::Concerns(const NodeId& node) const {
  const auto has = [&](TaskId task) {
    const Assignment& record = directory_.of(task);
    return record.primary == node || IsIn(node, record.backups);
  };
  for (const auto& [task, backup] : backups_) {
    if (has(task)) return true;
  }
  return std::any_of(replicas_.begin(), replicas_.end(), [&](const auto& one) {
    return one.second->log() && has(one.second->identity().task);
  });
}

// R21. A verdict that is wrong costs time.
void NodeCore::On(PeerProbed& probed, Time now) {
  probed_.erase(probed.node);
  if (probed.verdict == PeerProbed::Verdict::kAlive) {
    Trust(probed.node, now);
  } else {
    Suspect(probed.node, now);
  }
}

void NodeCore::Suspect(const NodeId& node, Time now) {
  if (!suspects_.insert(node).second) return;
  for (const auto& [task, backup] : backups_) Succeed(task);
  for (auto& [id, replica] : replicas_) {
    if (!replica->log()) continue;
    replica->OnSuspicion(now);
    Settle(*replica, now);
  }
}

void NodeCore::Trust(const NodeId& node, Time now) {
  if (suspects_.erase(node) == 0) return;
  for (auto& [id, replica] : replicas_) {
    if (!replica->log()) continue;
    replica->OnSuspicion(now);
    Settle(*replica, now);
  }
}

// R4: a backup whose primary is suspected promotes itself.
void NodeCore::Succeed(TaskId task) {
  const Assignment& record = directory_.of(task);
  if (!suspects_.contains(record.primary) ||
      !IsIn(around_.self, record.backups) || !backups_.contains(task) ||
      !succeeding_.insert(task).second) {
    return;
  }
  outputs_.push_back(
      ProposeAssignments{{{task, record, record.PromotedTo(around_.self)}}});
}

void NodeCore::On(AssignmentsDecided& decided, Time now) {
  for (TaskId task : decided.tasks) {
    succeeding_.erase(task);
    const bool last = --undecided_[task] <= 0;
    if (last) undecided_.erase(task);
    if (ReplicaCore* host = HostOf(task); host != nullptr && last) {
      host->OnAssignmentDecided(now);
      Settle(*host, now);
    }
    Succeed(task);
    ProposeSurrender(task);
  }
}

// This node has the task by the record, and no replica of it any more.
void NodeCore::Surrender(TaskId task, Resignation resignation) {
  surrendered_[task] = {directory_.of(task).term, std::move(resignation)};
  ProposeSurrender(task);
}

// Again and again, until the record has moved on: another change of it may have
// come first. To a backup; else R5: incarnation, cause and failure count change
// in one transaction.
void NodeCore::ProposeSurrender(TaskId task) {
  const auto found = surrendered_.find(task);
  if (found == surrendered_.end() || end_) return;
  const Assignment& record = directory_.of(task);
  if (record.term != found->second.term || record.primary != around_.self) {
    surrendered_.erase(found);
    return;
  }
  const Resignation& resignation = found->second.resignation;
  // A suspect is better than none: the controller knows what to do then.
  auto heir = std::find_if(
      record.backups.begin(), record.backups.end(),
      [&](const NodeId& node) { return !suspects_.contains(node); });
  if (heir == record.backups.end()) heir = record.backups.begin();
  Assignment next =
      heir == record.backups.end() ? record.Lost() : record.PromotedTo(*heir);
  next.failures += resignation.failures_added;
  next.last_error = resignation.why;
  outputs_.push_back(ProposeAssignments{{{task, record, std::move(next)}}});
}

}  // namespace taskgraph::core
