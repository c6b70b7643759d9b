// SPDX-License-Identifier: Apache-2.0
//
// The calls of the user, the events, and the pulse. How pipes are laid is in
// switchboard_doors.cc.
#include "transport/switchboard.h"

#include <utility>

namespace taskgraph::transport {
namespace {

constexpr std::size_t kPoolBytesMax = 256 << 20;
constexpr std::size_t kScratchBytes = 256 << 10;

Options Completed(Options options) {
  if (!options.log) options.log = [](std::string_view) {};
  return options;
}

}  // namespace

Switchboard::Switchboard(Reactor& reactor, Options options, Sink sink)
    : reactor_(reactor),
      options_(Completed(std::move(options))),
      sink_(std::move(sink)),
      pool_(kPoolBytesMax),
      context_{.backend = reactor.backend(),
               .pool = pool_,
               .owner = *this,
               .limits = {options_.head_bytes_max, options_.body_bytes_max},
               .scratch = std::vector<std::byte>(kScratchBytes)},
      pulse_(reactor.backend(), options_),
      resolver_(reactor.backend()),
      complaints_({options_.log_lines_max, pulse_.Beats(options_.log_window)},
                  options_.log) {
  context_.silent_beats_max = pulse_.Beats(options_.heartbeat_timeout);
  context_.idle_beats_max = pulse_.Beats(options_.heartbeat_interval);
}

Result<Address> Switchboard::Listen(const Address& address) {
  if (!lobby_) {
    lobby_ = std::make_shared<Lobby>(
        Lobby::Rules{options_.strangers_max,
                     pulse_.Beats(options_.connect_timeout)},
        options_.tls.get(),
        Lobby::Hooks{[this](Stream stream, const Hello& guest) {
                       Greet(std::move(stream), guest);
                     },
                     [this](std::string_view line) { Complain(line); }});
  }
  auto listener =
      Listener::Open(reactor_.backend(), address,
                     {[this](Socket socket) {
                        lobby_->Enter(std::move(socket));
                        StartPulse();
                      },
                      [this](std::string_view line) { Complain(line); },
                      [this] { StartPulse(); }});
  if (!listener) return listener.error();
  listeners_.push_back(*listener);
  return (*listener)->address();
}

void Switchboard::SetAddresses(const NodeId& peer,
                               std::vector<Address> addresses) {
  PeerOf(peer).addresses = std::move(addresses);
}

SendOutcome Switchboard::Send(const NodeId& to, Frame&& frame) {
  const std::uint64_t size = frame.head.size() + frame.body.size();
  if (frame.head.size() > options_.head_bytes_max ||
      frame.body.size() > options_.body_bytes_max) {
    return SendOutcome::kTooLarge;
  }
  if (to == options_.self) {
    EmitLater(PeerBroken{to, BreakReason::kTurnedAway,
                         "a node has no pipe to itself"});
    return SendOutcome::kAccepted;
  }
  Peer& peer = PeerOf(to);
  const bool is_large = IsLarge(frame, options_.piece_bytes);
  const std::uint64_t queued =
      is_large ? peer.queue().bytes() : peer.queue().small_bytes();
  if (queued > 0 && queued + size > options_.queue_bytes_max) {
    full_peers_ += peer.full() ? 0 : 1;
    (is_large ? peer.large_full : peer.small_full) = true;
    return SendOutcome::kQueueFull;
  }
  if (peer.pipe) {
    peer.pipe->Send(std::move(frame));
  } else {
    peer.waiting.Push(std::move(frame));
    if (!peer.active()) DialPeer(to, peer);
  }
  return SendOutcome::kAccepted;
}

void Switchboard::Close(const NodeId& node) {
  Peer& peer = PeerOf(node);
  if (!peer.active()) return;
  Drop(peer);
  EmitLater(PeerBroken{node, BreakReason::kClosed, "closed by this side"});
}

void Switchboard::Shutdown() {
  sink_ = [](Event) {};
  for (auto& [node, peer] : peers_) Drop(peer);
  for (const auto& probe : probes_) probe->Cancel();
  probes_.clear();
  postponed_probes_.clear();
  for (const auto& listener : listeners_) listener->Close();
  if (lobby_) lobby_->Close();
  complaints_.Close();
  pulse_.Stop();
}

// --- Events ---

void Switchboard::Arrived(Connection& pipe, Frame&& frame) {
  Emit(FrameArrived{pipe.peer(), std::move(frame)});
}

void Switchboard::Drained(Connection& pipe) {
  if (full_peers_ == 0) return;
  Peer& peer = PeerOf(pipe.peer());
  const std::uint64_t half = options_.queue_bytes_max / 2;
  const bool small = peer.small_full && pipe.queue().small_bytes() <= half;
  const bool large = peer.large_full && pipe.queue().bytes() <= half;
  if (!small && !large) return;
  if (small) peer.small_full = false;
  if (large) peer.large_full = false;
  full_peers_ -= peer.full() ? 0 : 1;
  EmitLater(PeerWritable{pipe.peer()});
}

void Switchboard::Broke(Connection& pipe, BreakReason reason,
                        std::string detail) {
  // A copy: the pipe ends in Lose.
  // NOLINTNEXTLINE(performance-unnecessary-copy-initialization)
  const NodeId node = pipe.peer();
  if (reason == BreakReason::kTurnedAway) {
    Complain("the connection with node " + node + " was ended: " + detail);
  }
  Lose(node, reason, std::move(detail));
}

void Switchboard::Emit(Event&& event) {
  EmitPending();
  sink_(std::move(event));
}

void Switchboard::EmitLater(Event event) {
  pending_.push_back(std::move(event));
  if (pending_.size() > 1) return;
  reactor_.Post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->EmitPending();
  });
}

void Switchboard::EmitPending() {
  while (!pending_.empty()) {
    Event event = std::move(pending_.front());
    pending_.pop_front();
    sink_(std::move(event));
  }
}

// The pulse ends the window of what is left out.
void Switchboard::Complain(std::string_view line) {
  complaints_.Add(line);
  StartPulse();
}

// --- The pulse ---

void Switchboard::StartPulse() {
  pulse_.Start([self = shared_from_this()] { return self->Beat(); });
}

Pulse::Next Switchboard::Beat() {
  bool busy = !probes_.empty() || (lobby_ && !lobby_->empty());
  for (const auto& listener : listeners_) {
    if (listener->Tick() == Listener::State::kPaused) busy = true;
  }
  if (lobby_) lobby_->Tick();
  complaints_.Tick();
  pool_.Tick();
  for (const NodeId& node : std::exchange(postponed_probes_, {})) Probe(node);
  for (const auto& probe : probes_) probe->Tick();
  for (auto& [node, peer] : peers_) {
    busy = busy || peer.active();
    if (peer.dial) peer.dial->Tick();
    if (const auto pipe = peer.pipe) pipe->Tick();
    if (peer.awaited_beats && --*peer.awaited_beats < 0) {
      Lose(node, BreakReason::kUnreachable,
           "it dialed us at the same time, but did not arrive");
    }
  }
  // Nodes that came by themselves and are gone: their names never come back.
  std::erase_if(peers_, [](const auto& entry) {
    return !entry.second.active() && entry.second.addresses.empty();
  });
  busy = busy || !probes_.empty() || !postponed_probes_.empty();
  busy = busy || complaints_.open();  // Also by one of this beat's.
  if (!busy) pool_.Rest();
  return busy ? Pulse::Next::kGoOn : Pulse::Next::kStop;
}

}  // namespace taskgraph::transport
