// SPDX-License-Identifier: Apache-2.0
//
// WriteQueue: the order in which frames become bytes of one connection.
//
// Intuition: a motorway with trucks. Large bodies drive in pieces, taking turns
// among themselves, and small frames drive into the gap after each piece: a
// gigabyte under way delays a small frame by a piece or two. Small frames never
// overtake each other, and a flood of them still leaves every second gap to a
// piece, so nobody starves.
//
// Pure. Not thread-safe; owned by a peer, then by its connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>

#include "taskgraph/payload.h"
#include "transport/transport.h"
#include "transport/wire.h"

namespace taskgraph::transport {

class WriteQueue {
 public:
  using Bytes = std::span<const std::byte>;

  // Bodies above `piece_bytes` are cut.
  explicit WriteQueue(std::uint64_t piece_bytes) : piece_bytes_(piece_bytes) {}

  void Push(Frame frame);
  void PushHeartbeat();

  // Bytes not written yet, headers included.
  std::uint64_t bytes() const { return bytes_; }
  bool empty() const { return bytes_ == 0; }

  // Fills `out` with the next bytes to write, in order, and returns how many
  // entries it used. They stay valid until the next call of another function.
  std::size_t Gather(std::span<Bytes> out);

  // The first `count` of the gathered bytes are written.
  void Written(std::size_t count);

 private:
  // Whole frames, or one piece: nothing may come in between its bytes.
  struct Chunk {
    std::string bytes;  // Headers, heads and bodies too small to be worth a
                        // place of their own in a gather write.
    Payload body;
    std::size_t size() const { return bytes.size() + body.size(); }
  };
  struct Large {
    StreamId stream = 0;
    std::string head;
    Payload body;
    std::uint64_t cut = 0;  // How much of the body has become pieces.
  };

  std::string& SmallBytes(std::size_t needed);
  void Stage();
  void StagePiece();
  void OpenStreams();

  std::uint64_t piece_bytes_;
  std::uint64_t bytes_ = 0;
  std::deque<Chunk> small_;
  std::deque<Large> waiting_;  // Have no stream yet.
  std::deque<Large> open_;     // The front is the next to get a piece.
  StreamId next_stream_ = 0;

  // Their order is decided; the front may be written in part.
  std::deque<Chunk> staged_;
  std::uint64_t staged_bytes_ = 0;
  std::size_t front_written_ = 0;
};

}  // namespace taskgraph::transport
