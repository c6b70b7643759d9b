// SPDX-License-Identifier: Apache-2.0
#include "core/node_core.h"

#include <algorithm>
#include <utility>

namespace taskgraph::core {

NodeCore::NodeCore(NodeId self, const Links& links, const JobOptions& options)
    : links_(links),
      link_index_(links),
      options_(options),
      directory_(links.tasks()),
      followers_(links.tasks()),
      around_{std::move(self), links_,  link_index_, options_, directory_,
              suspects_,       probed_, outputs_,    local_,   followers_},
      hosts_(links.tasks(), nullptr),
      primary_since_(links.tasks(), 0) {}

Outputs& NodeCore::Step(Input&& input, Time now) {
  outputs_.clear();
  std::visit([&](auto& fact) { On(fact, now); }, input);
  DeliverLocal(now);
  for (const Output& output : outputs_) {
    if (const auto* proposal = std::get_if<ProposeAssignments>(&output)) {
      for (const AssignmentChange& change : proposal->changes)
        ++undecided_[change.task];
    }
  }
  if (end_ && replicas_.empty() && backups_.empty() && !left_) {  // R24
    left_ = true;
    outputs_.push_back(LeaveJob{});
  }
  return outputs_;
}

Time NodeCore::NextDeadline() const {
  const Time next = epoch_watch_.NextDeadline();
  return deadlines_.empty() ? next : std::min(next, deadlines_.begin()->first);
}

void NodeCore::On(AssignmentChanged& changed, Time now) {
  const TaskId task = changed.task;
  if (!directory_.Has(task)) return;
  const Assignment before = directory_.of(task);
  if (!directory_.Update(task, changed.assignment)) return;
  const Assignment& current = directory_.of(task);
  ReplicaCore* host = HostOf(task);
  if (host != nullptr) {
    if (current.term > host->identity().term) {  // R2
      host->OnSuperseded();
    } else {
      host->OnOwnAssignment(now);
    }
    Settle(*host, now);
  }
  Review(task, now);
  TellFollowers(task, before, now);
  DeliverEarly(task, now);
  DeliverEarlyForCopy(task, now);
}

// Before any of them enters another epoch: there they look again only at
// neighbors that are others than before (R22).
void NodeCore::TellFollowers(TaskId task, const Assignment& before, Time now) {
  const std::set<ReplicaId> followers = followers_.of(task);
  for (ReplicaId id : followers) {
    ReplicaCore* follower = Find(id);
    if (follower == nullptr) continue;  // Through one before it.
    follower->OnAssignment(task, before);
    Settle(*follower, now);
  }
}

void NodeCore::On(EpochAdvanced& advanced, Time now) {
  LearnEpoch(advanced, EpochWatch::By::kWatch, now);
}

void NodeCore::On(EpochDecided& decided, Time now) {
  if (!decided.won)
    return;  // R6: losing is no error; the watch tells what is so.
  HearOfEpoch(generation_, decided.proposed, now);
  for (const NodeId& peer : peers_) {
    outputs_.push_back(
        SendMessage{peer, EpochNews{generation_, decided.proposed}});
  }
}

// R6: by another way than the watch; only of the generation that is known.
void NodeCore::HearOfEpoch(Generation generation, Epoch epoch, Time now) {
  if (generation != generation_) return;
  LearnEpoch({generation, epoch}, EpochWatch::By::kPeers, now);
  epoch_watch_.HeardFromPeer(epoch);
}

void NodeCore::LearnEpoch(const EpochAdvanced& advanced, EpochWatch::By source,
                          Time now) {
  const auto [generation, epoch] = advanced;
  if (generation < generation_) return;
  if (generation == generation_ && epoch <= epoch_) return;
  const bool first = generation_ == 0;
  const EpochWatch::By before = epoch_watch_.by();
  epoch_watch_.Advanced(epoch_, source, now);
  TellOfWatch(before);
  generation_ = generation;
  epoch_ = epoch;
  if (first) {  // Tasks may have been assigned before the epoch was told.
    for (TaskId task = 0; task < directory_.tasks(); ++task) Review(task, now);
    return;
  }
  for (auto it = replicas_.begin(); it != replicas_.end();) {
    ReplicaCore& replica = *it->second;
    ++it;  // Settle may erase it.
    replica.OnEpoch(epoch);
    Settle(replica, now);
  }
}

void NodeCore::TellOfWatch(EpochWatch::By before) {
  if (epoch_watch_.by() == before) return;
  outputs_.push_back(FollowEpoch{epoch_watch_.by()});
}

void NodeCore::On(NodeJoined& joined, Time now) {
  const NodeRecord& record = joined.record;
  if (record.node == around_.self) return;
  outputs_.push_back(SetPeer{record.node, record.addresses});
  nodes_[record.node] = record;
  Trust(record.node, now);
  if (!members_.insert(record.node).second) return;
  ForgetTheGone();
  DeliverUnknown(record.node, now);
}

// A replacement is a new node, so names come for as long as the job lives. Who
// has neither a session, nor a connection, nor a place in a task's record is
// gone; should it come back, it joins again before it is heard. Looked for only
// when there must be many such, since it takes a look at every record.
void NodeCore::ForgetTheGone() {
  constexpr std::size_t kGoneMin = 16;
  if (members_.size() < 2 * nodes_.size() + kGoneMin) return;
  std::set<NodeId> present = peers_;
  for (const auto& [node, record] : nodes_) present.insert(node);
  for (TaskId task = 0; task < directory_.tasks(); ++task) {
    for (NodeId& node : directory_.of(task).Replicas()) {
      present.insert(std::move(node));
    }
  }
  const auto is_gone = [&](const NodeId& node) {
    return !present.contains(node);
  };
  std::erase_if(members_, is_gone);
  std::erase_if(suspects_, is_gone);
}

// While it is heard of, the loss of its session means nothing (R25).
void NodeCore::On(NodeLeft& left, Time now) {
  if (nodes_.erase(left.node) > 0) outputs_.push_back(SetPeer{left.node, {}});
  if (!peers_.contains(left.node)) Suspect(left.node, now);
}

void NodeCore::On(ControllerChanged& changed, Time) {
  controller_ = changed.controller.node;
  if (!controller_.empty()) {
    outputs_.push_back(SetPeer{controller_, changed.controller.addresses});
  }
}

void NodeCore::On(JobEnded& ended, Time now) {
  if (end_) return;
  end_ = ended.end;
  while (!backups_.empty()) DropBackup(backups_.begin()->first);
  for (auto it = replicas_.begin(); it != replicas_.end();) {
    ReplicaCore& replica = *it->second;
    ++it;
    replica.OnJobEnded(*end_);
    Settle(replica, now);
  }
}

void NodeCore::On(MessageArrived& arrived, Time now) {
  if (members_.contains(arrived.from)) {
    std::visit(
        [&](auto& message) { Receive(arrived.from, std::move(message), now); },
        arrived.message);
  } else {
    KeepUnknown(arrived, now);
  }
}

// Nobody is believed that the coordinator has not named. A node that joined a
// moment ago is heard when this node's watch has caught up.
void NodeCore::KeepUnknown(MessageArrived& arrived, Time now) {
  if (unknown_.Add(arrived.from, arrived.from, arrived.message,
                   options_.limits)) {
    return;
  }
  const auto* replica = std::get_if<ReplicaMessage>(&arrived.message);
  if (replica != nullptr) RefuseInvitation(arrived.from, *replica);
  const auto* message = std::get_if<Message>(&arrived.message);
  if (message == nullptr || !directory_.Has(message->route.to) ||
      !directory_.Has(message->route.from)) {
    return;
  }
  if (WillBeResent(*message)) {
    RefuseMoved(arrived.from, *message);
  } else if (ReplicaCore* host = HostOf(message->route.to)) {
    host->OnPeerLost(arrived.from, now);  // As if it had been lost on the way.
    Settle(*host, now);
  }
}

void NodeCore::DeliverUnknown(const NodeId& node, Time now) {
  for (Held<NodeMessage>& one : unknown_.Take(node)) {
    std::visit([&](auto& message) { Receive(node, std::move(message), now); },
               one.message);
  }
}

void NodeCore::Receive(const NodeId& from, Message&& message, Time now) {
  const Route& route = message.route;
  if (!directory_.Has(route.to) || !directory_.Has(route.from)) return;
  if (from != around_.self) HearOfEpoch(route.generation, route.epoch, now);
  if (route.to_term > directory_.of(route.to).term && !end_) {
    KeepEarly(from, std::move(message), now);
    return;
  }
  if (ReplicaCore* host = HostOf(route.to)) {
    host->OnMessage(from, std::move(message), now);
    Settle(*host, now);
  } else {
    RefuseMoved(from, message);
  }
}

// The sender has seen an assignment that this node has not: it comes soon.
// Whoever has the task here until now is superseded already (R2).
void NodeCore::KeepEarly(const NodeId& from, Message&& message, Time now) {
  const TaskId task = message.route.to;
  if (ReplicaCore* host = HostOf(task)) {
    host->OnSuperseded();
    Settle(*host, now);
  }
  if (!early_.Add(task, from, message, options_.limits)) {
    RefuseMoved(from, message);
  }
}

void NodeCore::Receive(const NodeId&, const EpochNews& news, Time now) {
  HearOfEpoch(news.generation, news.epoch, now);
}

void NodeCore::DeliverEarly(TaskId task, Time now) {
  for (Held<Message>& one : early_.Take(task)) {
    Receive(one.sender, std::move(one.message), now);
  }
}

// R13: the task is not here, or not any more. What nobody would send again is
// not refused; two nodes that refuse refusals would never stop.
void NodeCore::RefuseMoved(const NodeId& from, const Message& message) {
  if (!WillBeResent(message)) return;
  const Route& route = message.route;
  const Assignment& task = directory_.of(route.to);
  Message refusal{{route.to, route.from, task.incarnation, task.term,
                   route.term, epoch_, generation_},
                  Refusal{ErrorCode::kMoved, directory_.of(route.from).term}};
  if (from == around_.self) {
    local_.push_back(std::move(refusal));
  } else {
    outputs_.push_back(SendMessage{from, std::move(refusal)});
  }
}

void NodeCore::On(PeerFound& found, Time now) {
  peers_.insert(found.node);
  Trust(found.node, now);
}

void NodeCore::On(PeerLost& lost, Time now) {
  peers_.erase(lost.node);
  for (auto& [id, replica] : replicas_) {
    replica->OnPeerLost(lost.node, now);
    Settle(*replica, now);
  }
  if (lost.shows != PeerLost::Shows::kLittle) {
    Suspect(lost.node, now);
  } else if (Concerns(lost.node)) {
    outputs_.push_back(ProbePeer{lost.node});
  }
  // R21: a hint to who can look after it.
  if (nodes_.contains(lost.node) && !controller_.empty() &&
      controller_ != lost.node) {
    outputs_.push_back(
        SendMessage{controller_, Suspicion{lost.node, lost.reason}});
  }
}

void NodeCore::On(TurnFinished& finished, Time now) {
  if (ReplicaCore* replica = Find(finished.replica)) {
    replica->OnTurnFinished(std::move(finished.effects), now);
    Settle(*replica, now);
  } else if (const auto backup = backup_ids_.find(finished.replica);
             backup != backup_ids_.end()) {
    const TaskId task = backup->second;
    backups_.at(task)->OnTurnFinished(finished.effects);
    SettleBackup(task);
  }
}

void NodeCore::On(DeadlinePassed&, Time now) {
  const EpochWatch::By before = epoch_watch_.by();
  epoch_watch_.OnDeadline(now);
  TellOfWatch(before);
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    ReplicaCore& replica = *Find(deadlines_.begin()->second);
    replica.OnDeadline(now);
    Settle(replica, now);
  }
}

// After anything happened to a replica: sends what its backups must hear, and
// brings the indices up to date.
void NodeCore::Settle(ReplicaCore& replica, Time now) {
  replica.TendLog(now);
  if (auto resignation = replica.TakeResignation()) {
    Surrender(replica.identity().task, *std::move(resignation));
  }
  const ReplicaId id = replica.identity().replica;
  const Time deadline = replica.done() ? kNever : replica.NextDeadline();
  const auto known = deadline_of_.find(id);
  if (known != deadline_of_.end() && known->second != deadline) {
    deadlines_.erase({known->second, id});
    deadline_of_.erase(known);
  }
  if (deadline != kNever && deadline_of_.emplace(id, deadline).second) {
    deadlines_.emplace(deadline, id);
  }
  ReplicaCore*& host = hosts_[replica.identity().task];
  if (!replica.active() && host == &replica) host = nullptr;
  if (replica.done()) {
    followers_.Forget(id);
    by_id_[id] = nullptr;
    replicas_.erase(id);
  }
}

void NodeCore::DeliverLocal(Time now) {
  while (!local_.empty()) {
    delivering_.swap(local_);
    for (Message& message : delivering_) {
      Receive(around_.self, std::move(message), now);
    }
    delivering_.clear();
  }
}

}  // namespace taskgraph::core
