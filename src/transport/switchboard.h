// SPDX-License-Identifier: Apache-2.0
//
// Switchboard: who is connected with whom; the heart of the socket transport.
//
// Intuition: for each peer there is at most one pipe, at most one dial on the
// way to one, and a queue that waits for it. When two nodes dial each other at
// the same time, the dial of the one with the lesser name becomes the pipe: the
// other gives its own dial up and moves its queue over, so nothing is lost. A
// node dials again only when its end of the pipe is gone; so a hello with a new
// number ends the old pipe, and one with a number seen before is a leftover.
//
// Not thread-safe; belongs to the loop.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "transport/complaints.h"
#include "transport/connection.h"
#include "transport/dial.h"
#include "transport/listener.h"
#include "transport/lobby.h"
#include "transport/pulse.h"

namespace taskgraph::transport {

class Switchboard final : public ConnectionOwner,
                          public std::enable_shared_from_this<Switchboard> {
 public:
  Switchboard(Reactor& reactor, Options options, Sink sink);

  // As in Transport.
  Result<Address> Listen(const Address& address);
  void SetAddresses(const NodeId& peer, std::vector<Address> addresses);
  SendOutcome Send(const NodeId& to, Frame&& frame);
  void Probe(const NodeId& node);
  void Close(const NodeId& node);

  // Ends everything; the sink is not called any more.
  void Shutdown();

 private:
  struct Peer {
    explicit Peer(std::uint64_t piece_bytes) : waiting(piece_bytes) {}

    std::vector<Address> addresses;
    std::shared_ptr<Connection> pipe;
    std::shared_ptr<Dial> dial;
    std::optional<int> awaited_beats;  // Left for its dial, after ours yielded.
    WriteQueue waiting;                // For the pipe.
    std::uint64_t newest_dial = 0;     // Hellos up to it are leftovers.
    // PeerWritable is owed, to who sends small or large frames.
    bool small_full = false;
    bool large_full = false;

    bool active() const { return pipe || dial || awaited_beats; }
    bool full() const { return small_full || large_full; }
    const WriteQueue& queue() const { return pipe ? pipe->queue() : waiting; }
  };

  void Arrived(Connection& pipe, Frame&& frame) override;
  void Drained(Connection& pipe) override;
  void Broke(Connection& pipe, BreakReason reason, std::string detail) override;

  Peer& PeerOf(const NodeId& node);
  Hello Introduction(HelloKind kind, const NodeId& to);
  void Complain(std::string_view line);
  void StartPulse();
  Pulse::Next Beat();

  // Dialing.
  void DialPeer(const NodeId& node, Peer& peer);
  void DialDone(const NodeId& node, DialResult result);
  void TellShortage(const std::string& detail);
  void DialAccepted(const NodeId& node, DialAnswered answered);
  void ProbeDone(const std::shared_ptr<Dial>& probe, const DialResult& result);

  // Being dialed.
  void Greet(Stream stream, const Hello& guest);
  bool MustYield(const Hello& guest, const Peer& peer) const;
  void LayAccepted(Stream stream, const Hello& guest, Hello answer);

  void Lay(const NodeId& node, Stream stream, std::uint64_t newest_dial);
  void Drop(Peer& peer);
  void Lose(const NodeId& node, BreakReason reason, std::string detail);

  void Emit(Event&& event);     // From within a Poll.
  void EmitLater(Event event);  // From calls of the user.
  void EmitPending();

  Reactor& reactor_;
  const Options options_;
  Sink sink_;
  BufferPool pool_;
  ConnectionContext context_;
  Pulse pulse_;
  Resolver resolver_;
  Complaints complaints_;
  std::shared_ptr<Lobby> lobby_;
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::unordered_map<NodeId, Peer> peers_;
  std::list<std::shared_ptr<Dial>> probes_;
  std::set<NodeId> postponed_probes_;  // For want of descriptors.
  bool told_shortage_ = false;
  std::uint64_t dials_ = 0;
  std::size_t full_peers_ = 0;
  std::deque<Event> pending_;  // Come before any later event.
};

}  // namespace taskgraph::transport
