// SPDX-License-Identifier: Apache-2.0
//
// Transport: carries frames between the nodes of one job.
//
// Intuition: between two nodes there is one pipe. What goes in comes out, in
// order and once, until the pipe breaks; when it breaks both ends are told, and
// what was in it may or may not have arrived. The next frame lays a new pipe. A
// frame of a broken pipe never comes out after one of its successor.
//
// Every implementation passes tests/contract/transport_contract.h.
//
// Threads: all calls are made by who holds the loop of the transport's reactor,
// never two at a time. All events come from within Reactor::Poll, never from
// within a call, and the sink must only take them down.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "taskgraph/error.h"
#include "taskgraph/payload.h"
#include "taskgraph/types.h"

namespace taskgraph::transport {

class Tls;

// The name of one life of a node process; a restarted process has a new one.
using NodeId = std::string;

// Where a node listens: "tcp:HOST:PORT", "unix:PATH" or "inproc:NAME".
using Address = std::string;

// One message. `head` is small and copied; `body` may be large and is not: it
// is written from its own memory, and received into a buffer of its final size.
struct Frame {
  std::string head;
  Payload body;
};

// A frame arrived from `from`, who has proved to belong to this job.
struct FrameArrived {
  NodeId from;
  Frame frame;
};

// A pipe to `peer` is laid (by either side). Before any FrameArrived from it.
struct PeerConnected {
  NodeId peer;
};

// Why a pipe broke, or could not be laid.
enum class BreakReason : std::uint8_t {
  kRefused,  // Nobody, or another node, listens at its address: its process is
             // gone.
  kReset,    // The connection ended.
  kSilent,   // Not a byte for the heartbeat timeout, in time that this process
             // ran.
  kStalled,  // It does not read: what is queued for it did not move for the
             // heartbeat timeout.
  kTurnedAway,   // It is of another job, or wants another token, or sends what
                 // is no frame.
  kUnreachable,  // No route, no address, or no answer in time.
  kClosed,       // By this side's Close.
};
std::string_view Name(BreakReason reason);

// The pipe to `peer` broke, or could not be laid after Send. Frames sent since
// the last PeerConnected may be lost. The transport does not lay a new one by
// itself.
struct PeerBroken {
  NodeId peer;
  BreakReason reason;
  std::string detail;
};

// The queue to `peer`, found full by Send, is half empty again, for small
// frames, for large ones, or both. If the pipe breaks first, PeerBroken comes
// in its place.
struct PeerWritable {
  NodeId peer;
};

// The answer to Probe: it answered itself; nobody, or another node, listens at
// its address; or nothing is known, since there was no answer, or no address.
struct PeerProbed {
  NodeId peer;
  enum class Verdict : std::uint8_t { kAlive, kGone, kSilent } verdict;
};

using Event = std::variant<FrameArrived, PeerConnected, PeerBroken,
                           PeerWritable, PeerProbed>;
using Sink = std::function<void(Event&&)>;

struct Options {
  std::string job;    // A peer of another job is turned away,
  std::string token;  // and so is one that does not know the job's token.
  NodeId self;

  // Seals TCP connections; none: they are open to who can read the wire.
  std::shared_ptr<Tls> tls;

  // Any received byte counts as a sign of life.
  Duration heartbeat_interval = std::chrono::milliseconds(100);
  Duration heartbeat_timeout = std::chrono::seconds(1);

  // How long connecting, and saying who one is, may take.
  Duration connect_timeout = std::chrono::seconds(1);

  // A frame above it is refused by Send; one announced by a peer ends its
  // connection.
  std::uint64_t head_bytes_max = 1 << 20;
  std::uint64_t body_bytes_max = std::uint64_t{4} << 30;

  // Bytes accepted by Send and not yet written to one peer. One frame is always
  // taken, however large, when the queue is empty. On a socket small frames do
  // not wait for large ones; so there only small ones count for them.
  std::uint64_t queue_bytes_max = std::uint64_t{64} << 20;

  // Connections that have not said who they are.
  std::size_t strangers_max = 64;

  // The largest piece of a body that is written before small frames get a turn.
  std::uint64_t piece_bytes = 256 << 10;

  // Gets one line for each connection that was ended for what it sent, or said
  // it was. What the line quotes of it may hold any bytes.
  std::function<void(std::string_view)> log;

  // Of these lines, so many in so long a time; what is more is counted, and
  // told in one line at its end. So strangers can't fill a disk.
  std::size_t log_lines_max = 5;
  Duration log_window = std::chrono::seconds(10);
};

// Whether its body goes in pieces.
inline bool IsLarge(const Frame& frame, std::uint64_t piece_bytes) {
  return frame.body.size() > piece_bytes;
}

enum class SendOutcome : std::uint8_t {
  kAccepted,
  kQueueFull,  // Not taken. PeerWritable or PeerBroken follows.
  kTooLarge,   // Not taken, and never will be: above head_bytes_max or
               // body_bytes_max.
};

class Transport {
 public:
  virtual ~Transport() = default;

  // Starts to accept peers at `address`, and returns the address to publish
  // (with port 0 replaced by the one given by the system).
  virtual Result<Address> Listen(const Address& address) = 0;

  // Where `peer` listens, best first: of several, the first that this host can
  // use is dialed (a Unix socket only if its path exists here). Empty: forget
  // it.
  virtual void SetAddresses(const NodeId& peer,
                            std::vector<Address> addresses) = 0;

  // Sends `frame` to `peer`, laying a pipe first where there is none. Small
  // frames may overtake the bodies of large ones sent earlier, see
  // docs/protocol.md, "Order"; frames with bodies up to `piece_bytes` stay in
  // order among themselves. `frame` is moved from only if it is accepted.
  virtual SendOutcome Send(const NodeId& peer, Frame&& frame) = 0;

  // Asks whether the process that had `peer`'s address is still there, over a
  // new connection. Answered by PeerProbed within connect_timeout.
  virtual void Probe(const NodeId& peer) = 0;

  // Breaks the pipe to `peer`, if any; PeerBroken{kClosed} follows.
  virtual void Close(const NodeId& peer) = 0;
};

}  // namespace taskgraph::transport
