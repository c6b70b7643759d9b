// SPDX-License-Identifier: Apache-2.0
//
// Connection: an established pipe over one socket.
//
// Intuition: two belts. The outgoing one is started by hand when it stands
// still (the first frame of a round is written at once), and then takes many
// frames at a time. The incoming one reads as much as is there, large bodies
// into their final place. A watchman counts the beats in which nothing moved.
//
// Not thread-safe; belongs to the loop. Its owner hears of everything from
// within a Poll.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "transport/frame_reader.h"
#include "transport/reactor_backend.h"
#include "transport/stream.h"
#include "transport/write_queue.h"

namespace taskgraph::transport {

class Connection;

class ConnectionOwner {
 public:
  virtual void Arrived(Connection& pipe, Frame&& frame) = 0;
  virtual void Drained(Connection& pipe) = 0;  // Bytes were written.
  virtual void Broke(Connection& pipe, BreakReason reason,
                     std::string detail) = 0;

 protected:
  ~ConnectionOwner() = default;
};

// What all connections of a transport share.
struct ConnectionContext {
  Reactor::Backend& backend;
  BufferPool& pool;
  ConnectionOwner& owner;
  FrameReader::Limits limits;
  int silent_beats_max = 0;
  int idle_beats_max = 0;          // Until a heartbeat is sent.
  std::vector<std::byte> scratch;  // For reads that are parsed at once.
};

class Connection final : public Chore,
                         public std::enable_shared_from_this<Connection> {
 public:
  // `context` must outlive every use of this object but its destruction.
  Connection(ConnectionContext& context, NodeId peer, Stream stream,
             WriteQueue queue);

  // Begins to read, and to write what is queued.
  void Start();

  void Send(Frame&& frame);

  // Writes what the socket takes now.
  void Flush();

  // One beat of the pulse has passed.
  void Tick();

  // Ends it; nothing more is heard of it.
  void Close();

  const NodeId& peer() const { return peer_; }
  const WriteQueue& queue() const { return queue_; }

 private:
  void Run() override;
  void BookFlush();
  void Read();
  bool ReadSome();
  bool Digest(std::span<const std::byte> direct,
              std::span<const std::byte> rest);
  bool HasToWrite() const { return !queue_.empty() || stream_.has_unsent(); }
  bool WriteSome(std::uint64_t& written);
  void AwaitWritable();
  void Break(BreakReason reason, std::string detail);

  ConnectionContext& context_;
  const NodeId peer_;
  Stream stream_;
  FrameReader reader_;
  WriteQueue queue_;
  bool closed_ = false;
  bool arrived_ = false;       // A frame, in this turn.
  bool flush_booked_ = false;  // The next Poll begins with it.

  // What one write takes; its value is of no use afterwards. To set as much
  // memory to zero for each takes longer than all else that a small one needs.
  std::array<WriteQueue::Bytes, Socket::kPartsMax> gathered_;
  bool awaiting_writable_ = false;
  bool write_failed_ = false;
  std::uint64_t written_in_round_ = 0;

  // Since the last beat, and for how many beats not.
  bool heard_ = false;
  bool wrote_ = false;
  int silent_beats_ = 0;
  int stalled_beats_ = 0;
  int idle_beats_ = 0;
};

}  // namespace taskgraph::transport
