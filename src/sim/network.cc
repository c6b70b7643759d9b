// SPDX-License-Identifier: Apache-2.0
#include "sim/network.h"

#include <algorithm>
#include <utility>

namespace taskgraph::sim {

using transport::BreakReason;

Network::Node* Network::Find(const NodeId& node) {
  const auto found = nodes_.find(node);
  return found == nodes_.end() ? nullptr : &found->second;
}

bool Network::IsSilent(const NodeId& from, const NodeId& to) {
  const Node* sender = Find(from);
  return IsCut(from, to) || (sender != nullptr && sender->asleep);
}

// Events that `to` hears about `about` come in the order in which they were
// told.
void Network::Tell(const NodeId& to, const NodeId& about, Duration delay,
                   std::function<void()> arrive) {
  Node* node = Find(to);
  if (node == nullptr) return;
  Time& last = node->heard_at[about];
  last = std::max(last, agenda_.now() + delay);
  agenda_.At(last, std::move(arrive));
}

// --- The life of processes ---

// R21: a dead process's kernel says so, to whom it can reach.
void Network::Stop(const NodeId& node) {
  nodes_.erase(node);
  std::vector<PipePtr> mine;
  for (const auto& [pair, pipe] : pipes_) {
    if (pair.first == node || pair.second == node) mine.push_back(pipe);
  }
  for (const PipePtr& pipe : mine) {
    const NodeId& other = pipe->ends[1 - Side(*pipe, node)];
    if (!IsCut(node, other)) {
      BreakPipe(pipe, BreakReason::kReset);
      continue;
    }
    agenda_.After(options_.heartbeat_timeout,
                  [this, pipe] { BreakPipe(pipe, BreakReason::kSilent); });
  }
}

void Network::Sleep(const NodeId& node) {
  Node* found = Find(node);
  if (found == nullptr) return;
  found->asleep = true;
  for (const auto& [pair, pipe] : pipes_) {
    if (pair.first == node || pair.second == node) {
      WatchSilence(pair.first, pair.second);
    }
  }
}

void Network::Wake(const NodeId& node) {
  Node* found = Find(node);
  if (found == nullptr) return;
  found->asleep = false;
  for (const auto& [pair, pipe] : pipes_) {
    if (pair.first == node || pair.second == node) Recover(pipe);
  }
}

// --- What a transport is asked for ---

void Network::SetAddresses(const NodeId& self, const NodeId& peer,
                           const std::vector<std::string>& addresses) {
  Node* node = Find(self);
  if (node == nullptr) return;
  if (addresses.empty()) {
    node->addresses.erase(peer);
  } else {
    node->addresses.insert(peer);
  }
}

void Network::Send(const NodeId& from, const NodeId& to,
                   transport::Frame frame) {
  Node* node = Find(from);
  if (node == nullptr) return;
  if (!node->pipes.contains(to)) Dial(from, to);
  const auto found = node->pipes.find(to);
  if (found == node->pipes.end()) return;  // PeerBroken follows.
  const PipePtr pipe = found->second;
  if (pipe->broken) {
    ++frames_lost_;  // It has not heard yet.
  } else if (pipe->laid) {
    Carry(pipe, Side(*pipe, from), std::move(frame));
  } else {
    pipe->waiting[Side(*pipe, from)].push_back(std::move(frame));
  }
}

void Network::Probe(const NodeId& self, const NodeId& peer) {
  using Verdict = transport::PeerProbed::Verdict;
  const Node* node = Find(self);
  if (node == nullptr) return;
  Duration delay = 2 * Delay();
  Verdict verdict = Verdict::kAlive;
  if (!node->addresses.contains(peer)) {
    verdict = Verdict::kSilent;
  } else if (IsCut(self, peer) || IsSilent(peer, self)) {
    verdict = Verdict::kSilent;
    delay = options_.connect_timeout;
  } else if (Find(peer) == nullptr) {
    verdict = Verdict::kGone;
  }
  agenda_.After(delay, [this, self, peer, verdict] {
    deliver_(self, transport::PeerProbed{peer, verdict});
  });
}

// --- Pipes ---

void Network::Dial(const NodeId& from, const NodeId& to) {
  Node& dialer = nodes_.at(from);
  const auto refuse = [&](BreakReason reason, Duration delay) {
    Tell(from, to, delay, [this, from, to, reason] {
      deliver_(from, transport::PeerBroken{to, reason, "not reached"});
    });
  };
  if (!dialer.addresses.contains(to) || from == to) {
    return refuse(BreakReason::kUnreachable, Delay());
  }
  PipePtr& pipe = pipes_[PairOf(from, to)];
  const bool stands = pipe != nullptr && !pipe->broken;
  if (!stands) {
    pipe = std::make_shared<Pipe>();
    pipe->ends = {PairOf(from, to).first, PairOf(from, to).second};
    const bool silent = IsCut(from, to) || IsSilent(to, from);
    const Duration delay = silent ? options_.connect_timeout : 2 * Delay();
    agenda_.After(delay, [this, pipe = pipe, to, silent] {
      if (pipe->broken) return;
      if (Find(to) == nullptr && !silent) {
        GiveUp(pipe, BreakReason::kRefused);
      } else if (silent || IsSilent(to, pipe->ends[1 - Side(*pipe, to)])) {
        GiveUp(pipe, BreakReason::kUnreachable);
      } else {
        Lay(pipe);
      }
    });
  }
  dialer.pipes[to] = pipe;  // Or the one that the other side has dialed.
}

void Network::Lay(const PipePtr& pipe) {
  pipe->laid = true;
  for (int side : {0, 1}) {
    const NodeId self = pipe->ends[side];
    const NodeId peer = pipe->ends[1 - side];
    Tell(self, peer, Delay(), [this, pipe, self, peer] {
      if (Node* node = Find(self)) node->pipes[peer] = pipe;
      deliver_(self, transport::PeerConnected{peer});
    });
  }
  for (int side : {0, 1}) {
    for (auto& frame : std::exchange(pipe->waiting[side], {})) {
      Carry(pipe, side, std::move(frame));
    }
  }
}

// It was never laid: only those who dialed it hear of it.
void Network::GiveUp(const PipePtr& pipe, BreakReason reason) {
  pipe->broken = true;
  for (int side : {0, 1}) {
    const Node* node = Find(pipe->ends[side]);
    if (node == nullptr) continue;
    const auto at = node->pipes.find(pipe->ends[1 - side]);
    if (at != node->pipes.end() && at->second == pipe) {
      TellBroken(pipe, side, reason);
    }
  }
}

void Network::Carry(const PipePtr& pipe, int side, transport::Frame frame) {
  if (random_.Chance(sabotage_.drop)) return;
  const int copies = random_.Chance(sabotage_.duplicate) ? 2 : 1;
  const NodeId& from = pipe->ends[side];
  const NodeId& to = pipe->ends[1 - side];
  for (int i = 0; i < copies; ++i) {
    auto arrive = [this, pipe, side, frame] { Arrive(pipe, side, frame); };
    if (random_.Chance(sabotage_.reorder)) {
      agenda_.After(Duration{}, std::move(arrive));
    } else if (!frame.body.empty() && random_.Chance(options_.overtaken)) {
      Tell(to, from, Delay(), [this, delay = 4 * Delay(), arrive] {
        agenda_.After(delay, arrive);
      });
    } else {
      Tell(to, from, Delay(), std::move(arrive));
    }
  }
}

void Network::Arrive(const PipePtr& pipe, int side, transport::Frame frame) {
  const NodeId& from = pipe->ends[side];
  const NodeId& to = pipe->ends[1 - side];
  if (pipe->broken) {
    ++frames_lost_;
  } else if (IsCut(from, to) || !pipe->waiting[side].empty()) {
    pipe->waiting[side].push_back(std::move(frame));
  } else {
    deliver_(to, transport::FrameArrived{from, std::move(frame)});
  }
}

void Network::BreakPipe(const PipePtr& pipe, BreakReason reason) {
  if (pipe->broken) return;
  pipe->broken = true;
  for (int side : {0, 1}) {
    frames_lost_ += pipe->waiting[side].size();
    pipe->waiting[side].clear();
    TellBroken(pipe, side, reason);
  }
}

void Network::TellBroken(const PipePtr& pipe, int side, BreakReason reason) {
  const NodeId self = pipe->ends[side];
  const NodeId peer = pipe->ends[1 - side];
  Tell(self, peer, random_.Between({}, options_.notice_max),
       [this, pipe, self, peer, reason] {
         Node* node = Find(self);
         if (node == nullptr) return;
         const auto at = node->pipes.find(peer);
         if (at == node->pipes.end() || at->second != pipe) return;
         node->pipes.erase(at);
         deliver_(self,
                  transport::PeerBroken{peer, reason,
                                        std::string(transport::Name(reason))});
       });
}

// --- Harm ---

void Network::Break(const NodeId& a, const NodeId& b) {
  const auto found = pipes_.find(PairOf(a, b));
  if (found == pipes_.end() || !found->second->laid) return;
  BreakPipe(found->second, BreakReason::kReset);
}

void Network::Cut(const NodeId& from, const NodeId& to) {
  if (from == to) return;
  cuts_.insert({from, to});
  WatchSilence(from, to);
}

// R21: silence for the heartbeat timeout breaks the pipe.
void Network::WatchSilence(const NodeId& a, const NodeId& b) {
  const auto found = pipes_.find(PairOf(a, b));
  if (found == pipes_.end()) return;
  const PipePtr pipe = found->second;
  const Duration jitter = options_.heartbeat_timeout / 10;
  agenda_.After(options_.heartbeat_timeout + random_.Between({}, jitter),
                [this, pipe, troubles = pipe->troubles] {
                  if (pipe->troubles == troubles)
                    BreakPipe(pipe, BreakReason::kSilent);
                });
}

// One trouble less; if another one remains, its time begins anew.
void Network::Recover(const PipePtr& pipe) {
  ++pipe->troubles;
  const auto& [a, b] = pipe->ends;
  if (IsSilent(a, b) || IsSilent(b, a)) WatchSilence(a, b);
}

void Network::Mend(const NodeId& from, const NodeId& to) {
  if (cuts_.erase({from, to}) == 0) return;
  Unblock(from, to);
}

void Network::MendAll() {
  for (const Pair& cut : std::exchange(cuts_, {})) {
    Unblock(cut.first, cut.second);
  }
}

// What was held back arrives, in its order, unless the pipe broke meanwhile.
void Network::Unblock(const NodeId& from, const NodeId& to) {
  const auto found = pipes_.find(PairOf(from, to));
  if (found == pipes_.end()) return;
  const PipePtr pipe = found->second;
  Recover(pipe);
  if (!pipe->laid || pipe->broken) return;
  // At once: others may be right behind, and must not overtake.
  const int side = Side(*pipe, from);
  for (auto& frame : std::exchange(pipe->waiting[side], {})) {
    Arrive(pipe, side, std::move(frame));
  }
}

}  // namespace taskgraph::sim
