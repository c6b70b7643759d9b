// SPDX-License-Identifier: Apache-2.0
//
// NodeCore: one node of a job, seen as a machine that turns facts into orders.
//
// Intuition: a house with many rooms. The porter knows who lives where
// (directory), carries letters to the right room or tells the sender that the
// addressee has moved, and when the town clock strikes (the epoch) or the house
// is left by someone (an assignment changed) he tells the rooms that it
// concerns.
//
// Pure: Step(input, now) and NextDeadline() are all there is, and Expect, which
// changes nothing. Not thread-safe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "core/backup_core.h"
#include "core/directory.h"
#include "core/epoch_watch.h"
#include "core/followers.h"
#include "core/held_messages.h"
#include "core/links.h"
#include "core/prefetch.h"
#include "core/replica_core.h"
#include "core/vocabulary.h"

namespace taskgraph::core {

class NodeCore {
 public:
  // `links` must outlive it.
  NodeCore(NodeId self, const Links& links, const JobOptions& options);
  NodeCore(const NodeCore&) = delete;
  NodeCore& operator=(const NodeCore&) = delete;

  // Applies `input`, observed at `now`, and returns the orders it causes; they
  // are the caller's until the next Step. Deterministic: equal inputs at equal
  // times give equal outputs.
  Outputs& Step(Input&& input, Time now);

  // A turn of the replica's is to finish soon.
  void Expect(ReplicaId replica) const {
    if (replica < by_id_.size()) Prefetch(by_id_[replica]);
  }

  // When Step(DeadlinePassed{}) is due; kNever: not at all.
  Time NextDeadline() const;

  // Whether the turn ordered last for `replica` may begin; if not, TurnFinished
  // with `begun` false is due.
  bool MayBegin(ReplicaId replica) const;

  // --- To look at, for logs, progress and checks ---
  const NodeId& self() const { return around_.self; }
  Epoch epoch() const { return epoch_; }
  Generation generation() const { return generation_; }
  const Directory& directory() const { return directory_; }
  const std::map<ReplicaId, std::unique_ptr<ReplicaCore>>& replicas() const {
    return replicas_;
  }
  const std::map<TaskId, std::unique_ptr<BackupCore>>& backups() const {
    return backups_;
  }
  const std::optional<JobEnd>& end() const { return end_; }
  std::size_t remembered_nodes() const {
    return members_.size() + suspects_.size();
  }

 private:
  void On(AssignmentChanged& changed, Time now);
  void On(EpochAdvanced& advanced, Time now);
  void On(EpochDecided& decided, Time now);
  void On(AssignmentsDecided& decided, Time now);
  void On(NodeJoined& joined, Time now);
  void On(NodeLeft& left, Time now);
  void On(ControllerChanged& changed, Time now);
  void On(JobEnded& ended, Time now);
  void On(MessageArrived& arrived, Time now);
  void On(PeerFound& found, Time now);
  void On(PeerLost& lost, Time now);
  void On(PeerProbed& probed, Time now);
  void On(TurnFinished& finished, Time now);
  void On(DeadlinePassed& passed, Time now);
  template <typename NotForNodes>
  void On(NotForNodes&, Time) {}

  void Receive(const NodeId& from, Message&& message, Time now);
  void Receive(const NodeId& from, const EpochNews& news, Time now);
  void Receive(const NodeId&, const Suspicion&, Time) {}
  void Receive(const NodeId& from, ReplicaMessage&& message, Time now);
  void HearOfEpoch(Generation generation, Epoch epoch, Time now);
  void LearnEpoch(const EpochAdvanced& advanced, EpochWatch::By source,
                  Time now);
  void TellOfWatch(EpochWatch::By before);
  void KeepEarly(const NodeId& from, Message&& message, Time now);
  void KeepUnknown(MessageArrived& arrived, Time now);
  void DeliverUnknown(const NodeId& node, Time now);
  void ForgetTheGone();
  void RefuseMoved(const NodeId& from, const Message& message);
  void TellFollowers(TaskId task, const Assignment& before, Time now);
  void DeliverEarly(TaskId task, Time now);
  ReplicaCore* HostOf(TaskId task) { return hosts_[task]; }
  ReplicaCore* Find(ReplicaId replica) const {
    return replica < by_id_.size() ? by_id_[replica] : nullptr;
  }
  void Settle(ReplicaCore& replica, Time now);
  void DeliverLocal(Time now);

  // Replicas: their beginnings, ends and successions (node_replicas.cc).
  void Review(TaskId task, Time now);
  void Start(TaskId task, Time now);
  void StartBackup(TaskId task);
  void AddBackup(std::unique_ptr<BackupCore> backup);
  void Promote(TaskId task, Time now);
  ReplicaCore& Add(std::unique_ptr<ReplicaCore> replica);
  void DropBackup(TaskId task);
  void SettleBackup(TaskId task);
  void KeepEarlyForCopy(const NodeId& from, ReplicaMessage&& message);
  void DeliverEarlyForCopy(TaskId task, Time now);
  void TakeInvitation(ReplicaMessage&& message);
  void RefuseCopy(const NodeId& primary, TaskId task, Incarnation incarnation,
                  JoinNumber join);
  void RefuseInvitation(const NodeId& from, const ReplicaMessage& message);
  bool IsEarly(const ReplicaMessage& message) const;
  void TakeAppend(const NodeId& from, const ReplicaMessage& message,
                  const LogAppend& append);
  void Suspect(const NodeId& node, Time now);
  void Trust(const NodeId& node, Time now);
  bool Concerns(const NodeId& node) const;
  void Succeed(TaskId task);
  void Surrender(TaskId task, Resignation resignation);
  void ProposeSurrender(TaskId task);

  const Links& links_;
  LinkIndex link_index_;
  JobOptions options_;
  Directory directory_;
  Followers followers_;
  Outputs outputs_;
  std::vector<Message> local_;       // To tasks of this node.
  std::vector<Message> delivering_;  // Of those; keeps its memory.
  std::set<NodeId> suspects_;  // Dead or silent, as this node found (R21).
  std::set<NodeId> probed_;    // Those of them that were asked after.
  ReplicaSurroundings around_;

  Generation generation_ = 0;
  Epoch epoch_ = 0;
  EpochWatch epoch_watch_;
  std::optional<JobEnd> end_;
  bool left_ = false;

  ReplicaId last_replica_ = 0;
  std::map<ReplicaId, std::unique_ptr<ReplicaCore>> replicas_;
  // Two ways to them that do not descend a tree: with thousands of tasks each
  // step down is a cache miss, at every turn.
  std::vector<ReplicaCore*> by_id_{nullptr};  // Ids count from 1.
  std::vector<ReplicaCore*> hosts_;  // The active one of each task here.
  std::vector<Term> primary_since_;  // When each task last began here.
  std::map<TaskId, std::unique_ptr<BackupCore>> backups_;
  std::map<ReplicaId, TaskId> backup_ids_;
  std::map<TaskId, Incarnation> dropped_;  // Copies that were thrown away.
  std::map<TaskId, int> undecided_;        // Proposals of this node's.
  std::set<TaskId> succeeding_;            // Promotions that are proposed.
  struct Surrendered {
    Term term = 0;
    Resignation resignation;
  };
  // Tasks that are this node's by the record, and have nobody here any more.
  std::map<TaskId, Surrendered> surrendered_;
  std::map<ReplicaId, Time> deadline_of_;
  std::set<std::pair<Time, ReplicaId>> deadlines_;

  // Messages to tasks whose assignment to this node has not been seen yet.
  HeldFor<TaskId, Message> early_;
  // The same for records of the turn log, and invitations.
  HeldFor<TaskId, ReplicaMessage> early_for_copies_;

  std::map<NodeId, NodeRecord> nodes_;
  std::set<NodeId> members_;              // They joined, and may speak.
  HeldFor<NodeId, NodeMessage> unknown_;  // Of those who may not.
  NodeId controller_;
  std::set<NodeId> peers_;  // Those with an open connection.
};

}  // namespace taskgraph::core
