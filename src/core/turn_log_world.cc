// SPDX-License-Identifier: Apache-2.0
#include "core/turn_log_world.h"

#include <algorithm>
#include <utility>

namespace taskgraph::core {
namespace {

Replicas Without(Replicas replicas, const NodeId& node) {
  replicas.erase(node);
  return replicas;
}

Replicas With(Replicas replicas, const NodeId& node) {
  replicas.insert(node);
  return replicas;
}

}  // namespace

std::string Words(const Move& move) {
  static constexpr const char* kNames[] = {
      "ask",    "read",    "deliver", "deliver two", "break",  "crash",
      "remove", "promote", "invite",  "count",       "decide", "learn"};
  return std::string(kNames[static_cast<int>(move.kind)]) + " " +
         std::to_string(move.who) + " " + std::to_string(move.what);
}

TurnLogWorld::TurnLogWorld(const std::vector<int>& backups, Sabotage sabotage,
                           const Budget& budget)
    : sabotage_(sabotage), records_(1), left_(budget) {
  Replicas& in_sync = records_.front().backups;
  for (int backup : backups) in_sync.insert(Name(backup));
  for (Replica& replica : replicas_) replica.view = store();
  replicas_[0].primary.emplace(1, in_sync, 0, std::deque<TurnRecord>());
  for (int backup : backups) replicas_[backup].backup.emplace(1, 0, 0);
}

// --- What can happen ---

std::vector<Move> TurnLogWorld::Moves() const {
  using Kind = Move::Kind;
  std::vector<Move> moves;
  for (int who = 0; who < kReplicas; ++who) {
    if (replicas_[who].alive) AddMovesOf(who, moves);
    if (replicas_[who].proposal && !replicas_[who].proposal->decided) {
      moves.push_back({Kind::kDecide, who});  // Also of one that died since.
    }
  }
  for (int index = 0; index < static_cast<int>(messages_.size()); ++index) {
    if (!CanArrive(messages_[index])) continue;
    moves.push_back({Kind::kDeliver, messages_[index].to, index});
    if (left_.repeats > 0) {
      moves.push_back({Kind::kDeliverTwo, messages_[index].to, index});
    }
  }
  return moves;
}

void TurnLogWorld::AddMovesOf(int who, std::vector<Move>& moves) const {
  using Kind = Move::Kind;
  const Replica& replica = replicas_[who];
  if (left_.crashes > 0) moves.push_back({Kind::kCrash, who});
  const std::size_t newest = records_.size() - 1;
  const bool verdict = replica.proposal && replica.proposal->decided &&
                       replica.proposal->told <= replica.revision;
  if (replica.revision < newest || verdict) {
    moves.push_back({Kind::kLearn, who, 1});
  }
  if (replica.revision + 1 < newest) moves.push_back({Kind::kLearn, who, 0});
  if (replica.primary) {
    for (int neighbor = 0; neighbor < left_.neighbors && left_.asks > 0;
         ++neighbor) {
      if (!answered_[neighbor]) moves.push_back({Kind::kAsk, who, neighbor});
    }
    if (left_.reads > 0) moves.push_back({Kind::kRead, who});
  }
  if (left_.breaks > 0) {
    for (int other = who + 1; other < kReplicas; ++other) {
      moves.push_back({Kind::kBreak, who, other});
    }
  }
  AddProposalsOf(who, moves);
}

void TurnLogWorld::AddProposalsOf(int who, std::vector<Move>& moves) const {
  using Kind = Move::Kind;
  const Replica& replica = replicas_[who];
  const bool in_sync = replica.view.backups.contains(Name(who));
  if (!replica.proposal && replica.backup &&
      (in_sync || Is(Sabotage::kPromoteAnyone))) {
    moves.push_back({Kind::kPromote, who});
  }
  if (!replica.primary) return;
  for (int other = 0; other < kReplicas; ++other) {
    if (other == who) continue;
    const bool counts = replica.view.backups.contains(Name(other));
    if (!counts && left_.invitations > 0) {
      moves.push_back({Kind::kInvite, who, other});
    }
    if (replica.proposal) continue;
    if (counts) moves.push_back({Kind::kRemove, who, other});
    const bool can =
        replica.primary->CanCount(Name(other)) ||
        (Is(Sabotage::kCountJoinerAtOnce) && replicas_[other].joining);
    if (!counts && can) moves.push_back({Kind::kCount, who, other});
  }
}

// What is of a term to come waits until the watch has brought it (R22), and a
// snapshot until it has brought what the inviting primary knew: else old news
// of the set would make the joiner throw its new copy away.
bool TurnLogWorld::CanArrive(const Message& message) const {
  const Replica& to = replicas_[message.to];
  return to.alive && message.term <= to.view.term &&
         (message.revision <= to.revision || Is(Sabotage::kAcceptEarly));
}

void TurnLogWorld::Make(const Move& move) {
  using Kind = Move::Kind;
  Replica& who = replicas_[move.who];
  switch (move.kind) {
    case Kind::kAsk:
      --left_.asks;
      Serve(move.who, move.what);
      break;
    case Kind::kRead:
      --left_.reads;
      Read(move.who);
      break;
    case Kind::kDeliver:
      Deliver(move.what, false);
      break;
    case Kind::kDeliverTwo:
      --left_.repeats;
      Deliver(move.what, true);
      break;
    case Kind::kBreak:
      --left_.breaks;
      Break(move.who, move.what);
      break;
    case Kind::kCrash:
      --left_.crashes;
      who.alive = false;
      break;
    case Kind::kRemove:
      Propose(move.who, {who.view.term, move.who,
                         Without(who.view.backups, Name(move.what))});
      break;
    case Kind::kPromote:
      Propose(move.who, {who.view.term + 1, move.who,
                         Without(who.view.backups, Name(move.who))});
      break;
    case Kind::kInvite: {
      --left_.invitations;
      const auto join = who.primary->Join(Name(move.what), who.primary->end());
      if (!join) break;
      messages_.push_back({move.who,
                           move.what,
                           who.view.term,
                           {},
                           {},
                           *join,
                           who.state,
                           who.revision});
      break;
    }
    case Kind::kCount:
      Propose(move.who, {who.view.term, move.who,
                         With(who.view.backups, Name(move.what))});
      break;
    case Kind::kDecide:
      Decide(move.who);
      break;
    case Kind::kLearn:
      Learn(move.who, move.what == 0
                          ? records_.size() - 1
                          : std::min(who.revision + 1, records_.size() - 1));
      break;
  }
  for (int replica = 0; replica < kReplicas; ++replica) Pump(replica);
  ForgetLostMessages();
  CheckWhoCounts();
}

// Those that will never be heard make no difference.
void TurnLogWorld::ForgetLostMessages() {
  std::erase_if(messages_, [&](const Message& message) {
    const Replica& to = replicas_[message.to];
    return !to.alive || message.term < to.view.term;
  });
}

// --- Turns ---

void TurnLogWorld::Serve(int who, int neighbor) {
  Replica& replica = replicas_[who];
  PrimaryLog& log = *replica.primary;
  const auto handled =
      std::find(replica.state.begin(), replica.state.end(), neighbor);
  if (handled != replica.state.end()) {  // R14: the same answer again.
    const auto place =
        static_cast<std::size_t>(handled - replica.state.begin());
    replica.effects.push_back({0, log.Now(), place + 1, 0});
    return;
  }
  replica.state.push_back(neighbor);
  const RecordNumber number =
      log.Append(Payload::Own(std::to_string(neighbor)));
  replica.effects.push_back({number, 0, replica.state.size(), 0});
}

void TurnLogWorld::Read(int who) {
  Replica& replica = replicas_[who];
  replica.effects.push_back(
      {0, replica.primary->Now(), replica.state.size(), seen_});
}

// Effects leave in order (R15, R16).
void TurnLogWorld::Release(int who) {
  Replica& replica = replicas_[who];
  while (!replica.effects.empty()) {
    const Effect effect = replica.effects.front();
    const bool free = effect.number > 0
                          ? replica.primary->committed() >= effect.number ||
                                Is(Sabotage::kLeaveBeforeAcknowledged)
                          : replica.primary->Heard(effect.began) ||
                                Is(Sabotage::kReadWithoutWord);
    if (!free) return;
    replica.effects.pop_front();
    if (effect.value < effect.seen) {
      Violate("R16: " + Name(who) + " answers from the past");
    }
    See(replica, effect.value);
    if (!violation().empty()) return;  // What follows needs a sound history.
    seen_ = std::max(seen_, effect.value);
    for (std::size_t i = 0; i < effect.value; ++i) {
      if (i + 1 == effect.value) answered_[replica.state[i]] = true;
    }
  }
}

// The first `count` turns of this replica are history from now on.
void TurnLogWorld::See(const Replica& replica, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const int event = replica.state.at(i);
    if (i < history_.size()) {
      if (history_[i] != event) Violate("R4: two histories");
      continue;
    }
    if (std::find(history_.begin(), history_.end(), event) != history_.end()) {
      Violate("R14, R17: an event was handled twice");
    }
    history_.push_back(event);
  }
}

// --- Messages ---

void TurnLogWorld::Deliver(int index, bool again) {
  const Message message = messages_[index];
  if (!again) messages_.erase(messages_.begin() + index);
  Arrive(message);
}

void TurnLogWorld::Arrive(const Message& message) {
  Replica& to = replicas_[message.to];
  if (message.term < to.view.term) return;  // R2
  if (message.append && to.backup) {
    LogAppend append = *message.append;
    if (Is(Sabotage::kApplyUnacknowledged) && !append.records.empty()) {
      append.committed = append.records.back().number;
    }
    if (Is(Sabotage::kKeepTailOverNewerRecords)) {
      for (TurnRecord& record : append.records) {
        for (const TurnRecord& mine : to.backup->tail()) {
          if (mine.number == record.number) record = mine;
        }
      }
    }
    const auto ack = to.backup->Take(append);
    if (ack) {
      messages_.push_back(
          {message.to, message.from, message.term, {}, ack, 0, {}});
    }
    if (to.backup->broken()) Violate(Name(message.to) + "'s copy is broken");
    Apply(message.to);
  } else if (message.ack && to.primary) {
    LogAck ack = *message.ack;
    if (Is(Sabotage::kHearAcksOfOldStays)) {
      for (JoinNumber join = 1; join < 4; ++join) {
        ack.join = join;
        to.primary->Take(Name(message.from), ack);
      }
      ack.join = 0;
    }
    to.primary->Take(Name(message.from), ack);
  } else if (message.join > 0 && !to.primary &&
             !to.view.backups.contains(Name(message.to)) &&
             (!to.backup || to.backup->IsBefore(message.term, message.join))) {
    to.backup.emplace(message.term, message.join, message.snapshot.size());
    to.state = message.snapshot;
    to.joining = true;
  }
}

// R4: what a backup applies is history.
void TurnLogWorld::Apply(int who) {
  Replica& replica = replicas_[who];
  while (const auto record = replica.backup->NextToApply()) {
    replica.state.push_back(std::stoi(std::string(record->content.text())));
    See(replica, replica.state.size());
  }
}

void TurnLogWorld::Pump(int who) {
  Replica& replica = replicas_[who];
  if (!replica.alive || !replica.primary) return;
  Release(who);
  std::optional<Stamp> awaited;
  for (const Effect& effect : replica.effects) {
    if (effect.number == 0) awaited = effect.began;
  }
  for (int other = 0; other < kReplicas; ++other) {
    auto append = replica.primary->NextFor(Name(other), awaited);
    if (append) {
      messages_.push_back({who, other, append->term, append, {}, 0, {}});
    }
  }
}

void TurnLogWorld::Break(int one, int other) {
  std::erase_if(messages_, [&](const Message& message) {
    return std::minmax(message.from, message.to) == std::minmax(one, other);
  });
  if (replicas_[one].primary) replicas_[one].primary->Rewind(Name(other));
  if (replicas_[other].primary) replicas_[other].primary->Rewind(Name(one));
}

}  // namespace taskgraph::core
