// SPDX-License-Identifier: Apache-2.0
//
// How pipes of the switchboard are laid, from both sides, and end.
#include <algorithm>
#include <utility>

#include "transport/switchboard.h"

namespace taskgraph::transport {

Switchboard::Peer& Switchboard::PeerOf(const NodeId& node) {
  return peers_.try_emplace(node, options_.piece_bytes).first->second;
}

Hello Switchboard::Introduction(HelloKind kind, const NodeId& to) {
  Hello hello;
  hello.kind = kind;
  hello.dial = ++dials_;
  hello.job = options_.job;
  hello.node = options_.self;
  hello.expected = to;
  hello.token = options_.token;
  return hello;
}

// --- Dialing ---

void Switchboard::DialPeer(const NodeId& node, Peer& peer) {
  StartPulse();
  peer.dial = std::make_shared<Dial>(
      reactor_.backend(), resolver_, Introduction(HelloKind::kPipe, node),
      pulse_.Beats(options_.connect_timeout), options_.tls.get());
  peer.dial->Start(peer.addresses,
                   [weak = weak_from_this(), node](DialResult result) {
                     if (const auto self = weak.lock()) {
                       self->DialDone(node, std::move(result));
                     }
                   });
}

void Switchboard::DialDone(const NodeId& node, DialResult result) {
  if (auto* failed = std::get_if<DialFailed>(&result)) {
    if (failed->by_shortage) TellShortage(failed->detail);
    return Lose(node, failed->reason, std::move(failed->detail));
  }
  auto& answered = std::get<DialAnswered>(result);
  const Hello& answer = answered.answer;
  const std::string objection = Objection(answer, PeerOf(node).dial->hello());
  if (!objection.empty()) {
    const std::string line = "node \"" + node + "\" was not met: " + objection;
    Complain(line);
    return Lose(node, BreakReason::kTurnedAway, line);
  }
  if (answer.verdict == Verdict::kAccepted) {
    return DialAccepted(node, std::move(answered));
  }
  if (answer.verdict == Verdict::kYield) {
    Peer& peer = PeerOf(node);
    peer.dial = nullptr;
    peer.awaited_beats = pulse_.Beats(options_.connect_timeout);
    return;
  }
  // Another process has its address: the one that had it before is gone.
  const BreakReason reason = answer.verdict == Verdict::kWrongNode
                                 ? BreakReason::kRefused
                                 : BreakReason::kTurnedAway;
  Lose(node, reason, "node \"" + node + "\" turned us away: " + answer.detail);
}

// One line for each shortage: it is over when a connection is laid.
void Switchboard::TellShortage(const std::string& detail) {
  if (std::exchange(told_shortage_, true)) return;
  Complain("cannot connect now, it is tried again: " + detail);
}

void Switchboard::DialAccepted(const NodeId& node, DialAnswered answered) {
  PeerOf(node).dial = nullptr;
  Lay(node, std::move(answered.stream), answered.answer.dial);
}

void Switchboard::Probe(const NodeId& node) {
  StartPulse();
  auto probe = std::make_shared<Dial>(
      reactor_.backend(), resolver_, Introduction(HelloKind::kProbe, node),
      pulse_.Beats(options_.connect_timeout), options_.tls.get());
  probes_.push_back(probe);
  probe->Start(PeerOf(node).addresses,
               [weak = weak_from_this(), probe](const DialResult& result) {
                 if (const auto self = weak.lock()) {
                   self->ProbeDone(probe, result);
                 }
               });
}

void Switchboard::ProbeDone(const std::shared_ptr<Dial>& probe,
                            const DialResult& result) {
  using enum PeerProbed::Verdict;
  probes_.remove(probe);
  if (const auto* failed = std::get_if<DialFailed>(&result);
      failed != nullptr && failed->by_shortage) {
    TellShortage(failed->detail);
    postponed_probes_.insert(probe->hello().expected);
    return;
  }
  PeerProbed probed{probe->hello().expected, kSilent};
  if (const auto* answered = std::get_if<DialAnswered>(&result)) {
    // Whoever else answers there proves that this one does not.
    const bool itself = answered->answer.verdict == Verdict::kAccepted &&
                        Objection(answered->answer, probe->hello()).empty();
    probed.verdict = itself ? kAlive : kGone;
  } else if (std::get<DialFailed>(result).reason == BreakReason::kRefused) {
    probed.verdict = kGone;
  }
  Emit(std::move(probed));
}

// --- Being dialed ---

void Switchboard::Greet(Stream stream, const Hello& guest) {
  Hello answer = Judge(guest, options_);
  if (answer.verdict != Verdict::kAccepted) {
    Complain("a connection from " +
             Endpoint::Remote(stream.socket().descriptor()).Text() +
             " was turned away: " + answer.detail);
    WriteHello(stream, answer);
    return;
  }
  if (guest.kind == HelloKind::kProbe) {
    WriteHello(stream, answer);
    return;
  }
  if (MustYield(guest, PeerOf(guest.node))) {
    answer.verdict = Verdict::kYield;
    WriteHello(stream, answer);
    return;
  }
  LayAccepted(std::move(stream), guest, std::move(answer));
}

bool Switchboard::MustYield(const Hello& guest, const Peer& peer) const {
  // A leftover; unless nothing better is there, so that no number, not even a
  // forged one, can keep two nodes apart.
  if (guest.dial <= peer.newest_dial && (peer.pipe || peer.dial)) return true;
  return peer.dial && options_.self < guest.node;  // Ours is the one.
}

void Switchboard::LayAccepted(Stream stream, const Hello& guest, Hello answer) {
  Peer& peer = PeerOf(guest.node);
  if (peer.pipe) {
    Lose(guest.node, BreakReason::kReset,
         "the node has begun a new connection");
  }
  if (peer.dial) peer.dial->Cancel();
  peer.dial = nullptr;
  answer.dial = dials_;
  if (!WriteHello(stream, answer)) {
    return Lose(guest.node, BreakReason::kReset, "it hung up");
  }
  Lay(guest.node, std::move(stream), guest.dial);
}

// --- Both ---

void Switchboard::Lay(const NodeId& node, Stream stream,
                      std::uint64_t newest_dial) {
  StartPulse();
  Peer& peer = PeerOf(node);
  peer.newest_dial = std::max(peer.newest_dial, newest_dial);
  peer.awaited_beats.reset();
  told_shortage_ = false;
  peer.pipe = std::make_shared<Connection>(
      context_, node, std::move(stream),
      std::exchange(peer.waiting, WriteQueue(options_.piece_bytes)));
  const auto pipe = peer.pipe;
  Emit(PeerConnected{node});
  pipe->Start();
}

// Ends whatever there is between us and `peer`, with what it has queued.
void Switchboard::Drop(Peer& peer) {
  if (const auto pipe = std::exchange(peer.pipe, nullptr)) {
    pipe->Flush();  // What the system still takes may still arrive.
    pipe->Close();
  }
  if (const auto dial = std::exchange(peer.dial, nullptr)) dial->Cancel();
  peer.awaited_beats.reset();
  peer.waiting = WriteQueue(options_.piece_bytes);
  full_peers_ -= peer.full() ? 1 : 0;
  peer.small_full = peer.large_full = false;
}

void Switchboard::Lose(const NodeId& node, BreakReason reason,
                       std::string detail) {
  Drop(PeerOf(node));
  Emit(PeerBroken{node, reason, std::move(detail)});
}

}  // namespace taskgraph::transport
