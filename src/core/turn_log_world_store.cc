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
  replica.proposal = {replica.view, next, false};
  if (!replica.primary || next.primary != who) return;
  if (Is(Sabotage::kRemoveWithoutDecision)) {
    replica.primary->SetInSync(next.backups);
  }
  if (!Is(Sabotage::kIgnoreProposedSet)) replica.primary->Propose(next.backups);
}

void TurnLogWorld::Decide(int who) {
  Proposal& proposal = *replicas_[who].proposal;
  const bool agrees = Is(Sabotage::kPromoteAnyone)
                          ? store_.term == proposal.expected.term
                          : store_ == proposal.expected;  // R1
  if (agrees) store_ = proposal.next;
  proposal.decided = true;
}

// The watch tells first what is so, then that the proposal was decided.
void TurnLogWorld::Learn(int who) {
  Replica& replica = replicas_[who];
  const Term before = replica.view.term;
  replica.view = store_;
  const bool decided = replica.proposal && replica.proposal->decided;
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
    for (int& event : replica.state) event += kNeighbors;
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
  crashes_left_ = breaks_left_ = reads_left_ = 0;
  for (int round = 0; round < 12 && violation_.empty(); ++round) {
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
  const bool all =
      std::all_of(answered_.begin(), answered_.end(), [](bool a) { return a; });
  if (violation_.empty() && Survives() && !all) {
    Violate("a neighbor waits for ever");
  }
}

void TurnLogWorld::SettleReplica(int who) {
  Replica& replica = replicas_[who];
  if (replica.proposal && !replica.proposal->decided) Decide(who);
  if (!replica.alive) return;
  Learn(who);
  if (replica.primary) {
    for (int neighbor = 0; neighbor < kNeighbors; ++neighbor) {
      if (!answered_[neighbor]) Serve(who, neighbor);
    }
    for (const NodeId& node : replica.view.backups) {
      const int backup = node[0] - 'a';
      replica.primary->Rewind(node);
      // Who has no copy, or is dead, can't follow.
      if (replicas_[backup].alive && replicas_[backup].backup) continue;
      Make({Move::Kind::kRemove, who, backup});
      break;
    }
  } else if (replica.backup && replica.view.backups.contains(Name(who)) &&
             !replicas_[replica.view.primary].alive) {
    Make({Move::Kind::kPromote, who});
  }
}

// A replica lives that has all that took effect.
bool TurnLogWorld::Survives() const {
  if (replicas_[store_.primary].alive) return true;
  return std::any_of(
      store_.backups.begin(), store_.backups.end(),
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
    words << "snapshot " << join << " " << Join(snapshot);
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
  add(store_);
  for (const Replica& replica : replicas_) {
    words << "\n" << replica.alive << replica.joining << " ";
    if (!replica.alive && !replica.proposal) continue;
    add(replica.view);
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
      add(replica.proposal->expected);
      add(replica.proposal->next);
      words << replica.proposal->decided;
    }
  }
  std::vector<std::string> messages;
  for (const Message& message : messages_) messages.push_back(message.Words());
  std::sort(messages.begin(), messages.end());
  for (const std::string& message : messages) words << "\n" << message;
  words << "\n"
        << Join(history_) << seen_ << answered_[0] << answered_[1]
        << crashes_left_ << breaks_left_ << repeats_left_ << reads_left_
        << asks_left_ << invitations_left_;
  return words.str();
}

}  // namespace taskgraph::core
