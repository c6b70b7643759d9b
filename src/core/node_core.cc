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
      around_{std::move(self), links_,   link_index_, options_,
              directory_,      outputs_, local_,      followers_},
      hosts_(links.tasks(), nullptr) {}

Outputs& NodeCore::Step(Input&& input, Time now) {
  outputs_.clear();
  std::visit([&](auto& fact) { On(fact, now); }, input);
  DeliverLocal(now);
  if (end_ && replicas_.empty() && !left_) {  // R24
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
  if (host != nullptr && current.term > host->identity().term) {  // R2
    host->OnSuperseded();
    Settle(*host);
  }
  if (current.term > before.term) StartIfMine(task);
  TellFollowers(task, before);
  DeliverEarly(task, now);
}

void NodeCore::StartIfMine(TaskId task) {
  const Assignment& assignment = directory_.of(task);
  const bool epoch_is_known = generation_ > 0;
  if (assignment.primary != around_.self || !epoch_is_known || end_) return;
  const ReplicaId id = ++last_replica_;
  auto replica = std::make_unique<ReplicaCore>(
      ReplicaIdentity{id, task, assignment.term, assignment.incarnation,
                      generation_},
      around_);
  ReplicaCore& started = *replica;
  replicas_.emplace(id, std::move(replica));
  by_id_.push_back(&started);
  hosts_[task] = &started;
  started.Begin(epoch_);
  Settle(started);
}

void NodeCore::TellFollowers(TaskId task, const Assignment& before) {
  const std::set<ReplicaId> followers = followers_.of(task);
  for (ReplicaId id : followers) {
    ReplicaCore* follower = Find(id);
    if (follower == nullptr) {
      followers_.Forget(task, id);
      continue;
    }
    follower->OnAssignment(task, before);
    Settle(*follower);
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
    for (TaskId task = 0; task < directory_.tasks(); ++task) StartIfMine(task);
    return;
  }
  for (auto it = replicas_.begin(); it != replicas_.end();) {
    ReplicaCore& replica = *it->second;
    ++it;  // Settle may erase it.
    replica.OnEpoch(epoch);
    Settle(replica);
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
  if (members_.insert(record.node).second) DeliverUnknown(record.node, now);
}

void NodeCore::On(NodeLeft& left, Time) {
  if (nodes_.erase(left.node) > 0) outputs_.push_back(SetPeer{left.node, {}});
}

void NodeCore::On(ControllerChanged& changed, Time) {
  controller_ = changed.controller.node;
  if (!controller_.empty()) {
    outputs_.push_back(SetPeer{controller_, changed.controller.addresses});
  }
}

void NodeCore::On(JobEnded& ended, Time) {
  if (end_) return;
  end_ = ended.end;
  for (auto it = replicas_.begin(); it != replicas_.end();) {
    ReplicaCore& replica = *it->second;
    ++it;
    replica.OnJobEnded(*end_);
    Settle(replica);
  }
}

void NodeCore::On(MessageArrived& arrived, Time now) {
  if (members_.contains(arrived.from)) {
    std::visit(
        [&](auto& message) { Receive(arrived.from, std::move(message), now); },
        arrived.message);
  } else {
    KeepUnknown(arrived);
  }
}

// Nobody is believed that the coordinator has not named. A node that joined a
// moment ago is heard when this node's watch has caught up.
void NodeCore::KeepUnknown(MessageArrived& arrived) {
  if (unknown_count_ < options_.limits.held_messages_max) {
    unknown_[arrived.from].push_back(std::move(arrived.message));
    ++unknown_count_;
  } else if (const auto* message = std::get_if<Message>(&arrived.message)) {
    if (directory_.Has(message->route.to) &&
        directory_.Has(message->route.from))
      RefuseMoved(arrived.from, *message);
  }
}

void NodeCore::DeliverUnknown(const NodeId& node, Time now) {
  const auto found = unknown_.find(node);
  if (found == unknown_.end()) return;
  std::vector<NodeMessage> kept = std::move(found->second);
  unknown_.erase(found);
  unknown_count_ -= kept.size();
  for (NodeMessage& one : kept) {
    std::visit([&](auto& message) { Receive(node, std::move(message), now); },
               one);
  }
}

void NodeCore::Receive(const NodeId& from, Message&& message, Time now) {
  const Route& route = message.route;
  if (!directory_.Has(route.to) || !directory_.Has(route.from)) return;
  if (from != around_.self) HearOfEpoch(route.generation, route.epoch, now);
  if (route.to_term > directory_.of(route.to).term && !end_) {
    KeepEarly(from, std::move(message));
    return;
  }
  if (ReplicaCore* host = HostOf(route.to)) {
    host->OnMessage(from, std::move(message), now);
    Settle(*host);
  } else {
    RefuseMoved(from, message);
  }
}

// The sender has seen an assignment that this node has not: it comes soon.
// Whoever has the task here until now is superseded already (R2).
void NodeCore::KeepEarly(const NodeId& from, Message&& message) {
  const TaskId task = message.route.to;
  if (ReplicaCore* host = HostOf(task)) {
    host->OnSuperseded();
    Settle(*host);
  }
  if (early_count_ < options_.limits.held_messages_max) {
    early_[task].emplace_back(from, std::move(message));
    ++early_count_;
  } else {
    RefuseMoved(from, message);
  }
}

void NodeCore::Receive(const NodeId&, const EpochNews& news, Time now) {
  HearOfEpoch(news.generation, news.epoch, now);
}

void NodeCore::DeliverEarly(TaskId task, Time now) {
  const auto found = early_.find(task);
  if (found == early_.end()) return;
  auto messages = std::move(found->second);
  early_.erase(found);
  early_count_ -= messages.size();
  for (auto& [from, message] : messages) {
    Receive(from, std::move(message), now);
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

void NodeCore::On(PeerFound& found, Time) { peers_.insert(found.node); }

void NodeCore::On(PeerLost& lost, Time now) {
  peers_.erase(lost.node);
  for (auto& [id, replica] : replicas_) {
    replica->OnPeerLost(lost.node, now);
    Settle(*replica);
  }
  // R21: a hint to who can look after it.
  if (nodes_.contains(lost.node) && !controller_.empty() &&
      controller_ != lost.node) {
    outputs_.push_back(
        SendMessage{controller_, Suspicion{lost.node, lost.reason}});
  }
}

void NodeCore::On(TurnFinished& finished, Time) {
  ReplicaCore* replica = Find(finished.replica);
  if (replica == nullptr) return;
  replica->OnTurnFinished(std::move(finished.effects));
  Settle(*replica);
}

void NodeCore::On(DeadlinePassed&, Time now) {
  const EpochWatch::By before = epoch_watch_.by();
  epoch_watch_.OnDeadline(now);
  TellOfWatch(before);
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    ReplicaCore& replica = *Find(deadlines_.begin()->second);
    replica.OnDeadline(now);
    Settle(replica);
  }
}

// Brings the indices up to date after anything happened to a replica.
void NodeCore::Settle(ReplicaCore& replica) {
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
    by_id_[id] = nullptr;
    replicas_.erase(id);
  }
}

void NodeCore::DeliverLocal(Time now) {
  while (!local_.empty()) {
    Receive(around_.self, local_.Pop(), now);
  }
}

}  // namespace taskgraph::core
