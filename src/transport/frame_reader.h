// SPDX-License-Identifier: Apache-2.0
//
// FrameReader: turns the bytes of one connection back into frames.
//
// Intuition: a sorting office that asks where to put things before they come.
// While a large body is arriving, Direct() is its own place in the final
// buffer, so that the socket writes there and nothing is copied; all other
// bytes are handed in by Feed.
//
// A peer can make us reserve what it announces within the limits, on a bounded
// number of streams, and only after it has shown the job's token; memory is
// touched as the bytes come.
//
// Pure. Not thread-safe; owned by a connection.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "transport/receive_buffer.h"
#include "transport/transport.h"
#include "transport/wire.h"

namespace taskgraph::transport {

class FrameReader {
 public:
  struct Limits {
    std::uint64_t head_bytes_max = 0;
    std::uint64_t body_bytes_max = 0;
  };
  using Deliver = std::function<void(Frame&&)>;

  // `pool` must outlive the reader. `deliver` must not destroy it.
  FrameReader(Limits limits, BufferPool& pool, Deliver deliver)
      : limits_(limits), pool_(pool), deliver_(std::move(deliver)) {}

  // Takes the next bytes of the connection; false: they can't be one of ours,
  // error() says why, and the reader is of no more use.
  [[nodiscard]] bool Feed(std::span<const std::byte> bytes);

  // Where the next bytes of the connection belong, if they belong to a body:
  // as much of it as should be read at a time.
  std::span<std::byte> Direct() const;

  // A body is coming in pieces.
  bool is_amid_large() const { return !large_.empty(); }

  // The next `count` bytes of the connection have been put into Direct().
  [[nodiscard]] bool Filled(std::size_t count);

  const std::string& error() const { return error_; }

 private:
  struct Incoming {
    std::string head;
    ReceiveBuffer body;
    std::uint64_t body_bytes = 0;
    std::uint64_t arrived = 0;
  };

  bool Fail(std::string error);
  std::size_t TakeHeader(std::span<const std::byte> bytes);
  std::size_t TakeHead(std::span<const std::byte> bytes);
  std::size_t TakeBody(std::span<const std::byte> bytes);
  bool HeaderComplete() const { return header_arrived_ == kFrameHeaderBytes; }
  bool Begin();
  bool BeginFrame(Incoming& incoming);
  bool BeginLarge();
  bool BeginPiece();
  bool EndIfComplete();
  void Hand(Incoming incoming);

  const Limits limits_;
  BufferPool& pool_;
  const Deliver deliver_;
  std::string error_;

  // What is being read now: a header, then the head and body bytes that it
  // announced, which belong to `target_`.
  std::array<std::byte, kFrameHeaderBytes> header_bytes_{};
  std::size_t header_arrived_ = 0;
  FrameHeader header_;
  Incoming* target_ = nullptr;
  std::uint64_t head_left_ = 0;
  std::uint64_t body_left_ = 0;

  Incoming whole_;
  std::map<StreamId, Incoming> large_;  // At most kOpenStreamsMax.
};

}  // namespace taskgraph::transport
