// SPDX-License-Identifier: Apache-2.0
//
// WriteQueue: the order in which frames become bytes of one connection.
//
// Intuition: a motorway with trucks. Large bodies drive in pieces, taking turns
// among themselves. Several pieces are lined up for one gather write, because
// each write wakes the other side; but a small frame drives ahead of every
// piece that is not on the road yet. So a gigabyte under way delays it by one
// piece. Small frames never overtake each other, and when a piece's worth of
// them has overtaken, the next piece goes, so nobody starves.
//
// Pure. Not thread-safe; owned by a peer, then by its connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "taskgraph/payload.h"
#include "transport/transport.h"
#include "transport/wire.h"

namespace taskgraph::transport {

class WriteQueue {
 public:
  using Bytes = std::span<const std::byte>;

  // Bodies above `piece_bytes` are cut.
  explicit WriteQueue(std::uint64_t piece_bytes) : piece_bytes_(piece_bytes) {}

  void Push(Frame&& frame);
  void PushHeartbeat();

  // Bytes not written yet, headers included.
  std::uint64_t bytes() const { return bytes_; }
  // Those of small frames, to the frame: what a small one has to wait for.
  std::uint64_t small_bytes() const { return small_bytes_; }
  bool empty() const { return bytes_ == 0; }

  // Fills `out` with the next bytes to write, in order, and returns how many
  // entries it used. They stay valid until the next call of another function.
  std::size_t Gather(std::span<Bytes> out);

  // The first `count` of the gathered bytes are written.
  void Written(std::size_t count);

 private:
  // Whole frames, or one piece: nothing may come in between its bytes.
  struct Chunk {
    enum class Kind : std::uint8_t { kSmall, kPiece } kind = Kind::kSmall;
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
  void Keep(std::string bytes);
  void StageSmall();
  void StagePieces();
  Chunk CutPiece();
  void OpenStreams();

  std::uint64_t piece_bytes_;
  std::uint64_t bytes_ = 0;
  std::uint64_t small_bytes_ = 0;
  std::deque<Chunk> small_;
  std::string spare_;          // Empty; has the memory of one that was written.
  std::deque<Large> waiting_;  // Have no stream yet.
  std::deque<Large> open_;     // The front is the next to get a piece.
  StreamId next_stream_ = 0;

  // What Gather shows, in order: the piece that is written in part, if any;
  // small frames; pieces.
  std::vector<Chunk> road_;
  std::size_t front_written_ = 0;
  std::size_t small_on_road_ = 0;
  std::uint64_t small_bytes_on_road_ = 0;
  std::uint64_t piece_bytes_on_road_ = 0;
  std::uint64_t overtaken_bytes_ = 0;  // By small frames, since the last piece.
};

}  // namespace taskgraph::transport
