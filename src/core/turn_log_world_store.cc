// SPDX-License-Identifier: Apache-2.0
//
// TurnLogWorld: its store, who becomes what by it, how it ends, and its words.
#include <algorithm>
#include <sstream>
#include <utility>

#include "core/turn_log_world.h"

namespace taskgraph::core {
namespace {

std::string Join(const std::vector<int>& values) {
  std::string words;
  for (int value : values) words += std::to_string(value) + " ";
  return words;
}

}  // namespace

// --- The store ---

void TurnLogWorld::Propose(int who, Record next) {
  Replica& replica = replicas_[who];
  replica.proposal = Proposal{replica.revision, std::move(next), false, 0};
  const Record& proposed = replica.proposal->next;
  if (!replica.primary || proposed.primary != who) return;
  if (Is(Sabotage::kRemoveWithoutDecision)) {
    replica.primary->SetInSync(proposed.backups);
  }
  if (!Is(Sabotage::kIgnoreProposedSet))
    replica.primary->Propose(proposed.backups);
}

void TurnLogWorld::Decide(int who) {
  Proposal& proposal = *replicas_[who].proposal;
  const bool agrees = Is(Sabotage::kPromoteAnyone)
                          ? store().term == records_[proposal.expected].term
                          : records_.size() == proposal.expected + 1;  // R1
  if (agrees) records_.push_back(proposal.next);
  proposal.told = agrees ? records_.size() - 1 : proposal.expected + 1;
  proposal.decided = true;
}

// The watch tells what is so, record by record or after a gap; then comes the
// verdict on what was proposed.
void TurnLogWorld::Learn(int who, std::size_t revision) {
  Replica& replica = replicas_[who];
  const Term before = replica.view.term;
  replica.revision = revision;
  replica.view = records_[revision];
  const bool decided = replica.proposal && replica.proposal->decided &&
                       replica.proposal->told <= revision;
  if (decided) replica.proposal.reset();
  if (replica.primary && replica.view.term > before) {  // R2
    replica.primary.reset();
    replica.effects.clear();
    replica.state.clear();
    replica.joining = false;
  }
  if (replica.primary) {
    replica.primary->SetInSync(replica.view.backups);
    if (decided) replica.primary->ProposalDecided();
  } else if (replica.view.primary == who && replica.view.term > before) {
    TakeOver(who);
  } else {
    StayBackup(who);
  }
}

void TurnLogWorld::TakeOver(int who) {
  Replica& replica = replicas_[who];
  if (!replica.backup) {
    Violate("R4: " + Name(who) + " was promoted without a copy");
    return;
  }
  const RecordNumber base = replica.backup->applied();
  std::deque<TurnRecord> tail = replica.backup->tail();
  if (Is(Sabotage::kForgetTail)) tail.clear();
  for (const TurnRecord& record : tail) {
    replica.state.push_back(std::stoi(std::string(record.content.text())));
    replica.effects.push_back({record.number, 0, replica.state.size(), 0});
  }
  if (Is(Sabotage::kForgetEvents)) {
    for (int& event : replica.state) event += kNeighborsMax;
  }
  replica.primary.emplace(replica.view.term, replica.view.backups, base,
                          std::move(tail));
  replica.backup.reset();
}

void TurnLogWorld::StayBackup(int who) {
  Replica& replica = replicas_[who];
  if (!replica.backup) return;
  if (replica.view.backups.contains(Name(who))) {
    replica.joining = false;
    if (Is(Sabotage::kForgetTail) &&
        replica.view.term > replica.backup->term()) {
      replica.backup.emplace(replica.view.term, 0, replica.backup->applied());
    }
    replica.backup->Follow(replica.view.term);
  } else if (!replica.joining || replica.view.term > replica.backup->term()) {
    replica.backup.reset();  // It does not count, and never will.
    replica.joining = false;
    replica.state.clear();
  }
}

// --- The end ---

void TurnLogWorld::Settle() {
  left_ = {left_.neighbors, 0, 0, 0, 0, 0, 0};
  for (int who = 0; who < kReplicas; ++who) {  // One last reconnection.
    for (int other = who + 1; other < kReplicas; ++other) Break(who, other);
  }
  for (int round = 0; round < 30 && violation_.empty(); ++round) {
    for (int who = 0; who < kReplicas; ++who) SettleReplica(who);
    std::vector<Message> kept;
    for (const Message& message : std::exchange(messages_, {})) {
      if (CanArrive(message)) {
        Arrive(message);
      } else {
        kept.push_back(message);
      }
    }
    messages_.insert(messages_.end(), kept.begin(), kept.end());
    for (int who = 0; who < kReplicas; ++who) Pump(who);
  }
  if (violation_.empty() && Survives()) CheckSettled();
}

void TurnLogWorld::CheckSettled() {
  const bool all =
      std::all_of(answered_.begin(), answered_.begin() + left_.neighbors,
                  [](bool answered) { return answered; });
  if (!all) Violate("a neighbor waits for ever");
  const Replica& primary = replicas_[store().primary];
  if (!primary.primary) return Violate("R4: nobody was promoted");
  if (!primary.effects.empty()) Violate("an effect waits for ever");
  for (const NodeId& node : store().backups) {
    const Replica& backup = replicas_[node[0] - 'a'];
    if (backup.alive && backup.state != primary.state) {
      Violate(node + " counts and does not follow");
    }
  }
}

// R4, R19, R20: who counts by the store has all that was seen.
void TurnLogWorld::CheckWhoCounts() {
  Replicas counting = store().backups;
  counting.insert(Name(store().primary));
  for (const NodeId& node : counting) {
    const Replica& replica = replicas_[node[0] - 'a'];
    std::vector<int> all = replica.state;
    if (replica.backup) {
      for (const TurnRecord& record : replica.backup->tail()) {
        all.push_back(std::stoi(std::string(record.content.text())));
      }
    }
    const bool has_copy = replica.primary || replica.backup;
    if (!has_copy || all.size() < history_.size() ||
        !std::equal(history_.begin(), history_.end(), all.begin())) {
      Violate("R4: " + node + " counts and lacks what was seen");
    }
  }
}

void TurnLogWorld::SettleReplica(int who) {
  Replica& replica = replicas_[who];
  if (replica.proposal && !replica.proposal->decided) Decide(who);
  if (!replica.alive) return;
  Learn(who, records_.size() - 1);
  if (replica.primary) {
    for (int neighbor = 0; neighbor < left_.neighbors; ++neighbor) {
      if (!answered_[neighbor]) Serve(who, neighbor);
    }
    for (const NodeId& node : replica.view.backups) {
      const int backup = node[0] - 'a';
      if (replicas_[backup].alive || replica.proposal) continue;
      Make({Move::Kind::kRemove, who, backup});
      break;
    }
  } else if (!replica.proposal && replica.backup &&
             replica.view.backups.contains(Name(who)) &&
             !replicas_[replica.view.primary].alive) {
    Make({Move::Kind::kPromote, who});
  }
}

// A replica lives that has all that took effect.
bool TurnLogWorld::Survives() const {
  if (replicas_[store().primary].alive) return true;
  return std::any_of(
      store().backups.begin(), store().backups.end(),
      [&](const NodeId& node) { return replicas_[node[0] - 'a'].alive; });
}

void TurnLogWorld::Violate(const std::string& what) {
  if (violation_.empty()) violation_ = what;
}

// --- Words ---

std::string TurnLogWorld::Message::Words() const {
  std::ostringstream words;
  words << from << ">" << to << " " << term << " ";
  if (append) {
    words << append->join << " " << append->base << " " << append->committed
          << " " << append->stamp;
    for (const TurnRecord& record : append->records) {
      words << " " << record.number << "@" << record.term << "="
            << record.content.text();
    }
  } else if (ack) {
    words << "ack " << ack->join << " " << ack->held << " " << ack->stamp;
  } else {
    words << "snapshot " << join << " " << revision << " " << Join(snapshot);
  }
  return words.str();
}

std::string TurnLogWorld::Words() const {
  std::ostringstream words;
  const auto add = [&](const Record& record) {
    words << record.term << "/" << record.primary << "/";
    for (const NodeId& node : record.backups) words << node;
    words << " ";
  };
  for (const Record& record : records_) add(record);
  for (const Replica& replica : replicas_) {
    words << "\n" << replica.alive << replica.joining << " ";
    if (!replica.alive && !replica.proposal) continue;
    words << replica.revision << " ";
    if (replica.primary) words << replica.primary->Words();
    if (replica.backup) {
      words << replica.backup->Words();
      for (const TurnRecord& record : replica.backup->tail()) {
        words << " " << record.content.text();
      }
    }
    words << " state " << Join(replica.state);
    for (const Effect& effect : replica.effects) {
      words << "(" << effect.number << " " << effect.began << " "
            << effect.value << " " << effect.seen << ")";
    }
    if (replica.proposal) {
      add(replica.proposal->next);
      words << replica.proposal->expected << replica.proposal->decided
            << replica.proposal->told;
    }
  }
  std::vector<std::string> messages;
  for (const Message& message : messages_) messages.push_back(message.Words());
  std::sort(messages.begin(), messages.end());
  for (const std::string& message : messages) words << "\n" << message;
  words << "\n" << Join(history_) << seen_ << " ";
  for (bool answered : answered_) words << answered;
  for (int left : {left_.crashes, left_.breaks, left_.repeats, left_.reads,
                   left_.asks, left_.invitations}) {
    words << " " << left;
  }
  return words.str();
}

}  // namespace taskgraph::core
