// SPDX-License-Identifier: Apache-2.0
#include "transport/frame_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace taskgraph::transport {
namespace {

// So that a peer can't make us touch memory by announcing a long piece.
constexpr std::uint64_t kDirectBytesMax = 1 << 20;

}  // namespace

bool FrameReader::Feed(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    std::size_t taken = 0;
    if (!HeaderComplete()) {
      taken = TakeHeader(bytes);
      if (HeaderComplete() && !Begin()) return false;
    } else if (head_left_ > 0) {
      taken = TakeHead(bytes);
    } else {
      taken = TakeBody(bytes);
    }
    bytes = bytes.subspan(taken);
    if (!EndIfComplete()) return false;
  }
  return true;
}

std::span<std::byte> FrameReader::Direct() const {
  if (!HeaderComplete() || head_left_ > 0 || body_left_ == 0) return {};
  const auto count =
      static_cast<std::size_t>(std::min(body_left_, kDirectBytesMax));
  const auto arrived = static_cast<std::size_t>(target_->arrived);
  return {target_->body.Reach(arrived + count) + arrived, count};
}

bool FrameReader::Filled(std::size_t count) {
  target_->arrived += count;
  body_left_ -= count;
  return EndIfComplete();
}

bool FrameReader::Fail(std::string error) {
  error_ = std::move(error);
  return false;
}

std::size_t FrameReader::TakeHeader(std::span<const std::byte> bytes) {
  const std::size_t taken =
      std::min(bytes.size(), kFrameHeaderBytes - header_arrived_);
  std::memcpy(header_bytes_.data() + header_arrived_, bytes.data(), taken);
  header_arrived_ += taken;
  return taken;
}

std::size_t FrameReader::TakeHead(std::span<const std::byte> bytes) {
  const auto taken = static_cast<std::size_t>(
      std::min<std::uint64_t>(bytes.size(), head_left_));
  target_->head.append(reinterpret_cast<const char*>(bytes.data()), taken);
  head_left_ -= taken;
  return taken;
}

std::size_t FrameReader::TakeBody(std::span<const std::byte> bytes) {
  const auto taken = static_cast<std::size_t>(
      std::min<std::uint64_t>(bytes.size(), body_left_));
  const auto arrived = static_cast<std::size_t>(target_->arrived);
  std::memcpy(target_->body.Reach(arrived + taken) + arrived, bytes.data(),
              taken);
  target_->arrived += taken;
  body_left_ -= taken;
  return taken;
}

// Judges a complete header, and makes ready for what it announces.
bool FrameReader::Begin() {
  const auto header = ParseHeader(header_bytes_);
  if (!header) return Fail("bytes that are not a frame header");
  header_ = *header;
  head_left_ = body_left_ = 0;
  switch (header_.kind) {
    case FrameKind::kHeartbeat:
      return (header_.head_bytes == 0 && header_.body_bytes == 0 &&
              header_.vector_of == kNoVector) ||
             Fail("a heartbeat with content");
    case FrameKind::kWhole:
      whole_ = {};
      body_left_ = header_.body_bytes;
      return BeginFrame(whole_);
    case FrameKind::kLarge:
      return BeginLarge();
    case FrameKind::kPiece:
      return BeginPiece();
  }
  return Fail("an unknown kind of frame");
}

// Reserves what a frame's header announced, within the limits.
bool FrameReader::BeginFrame(Incoming& incoming) {
  if (header_.head_bytes > limits_.head_bytes_max) {
    return Fail("a head of " + std::to_string(header_.head_bytes) +
                " bytes, above head_bytes_max = " +
                std::to_string(limits_.head_bytes_max));
  }
  if (header_.body_bytes > limits_.body_bytes_max) {
    return Fail("a body of " + std::to_string(header_.body_bytes) +
                " bytes, above body_bytes_max = " +
                std::to_string(limits_.body_bytes_max));
  }
  incoming.body_bytes = header_.body_bytes;
  if (incoming.body_bytes > 0) {
    incoming.body = ReceiveBuffer(
        pool_, static_cast<std::size_t>(header_.body_bytes), header_.vector_of);
    if (!incoming.body.has_room()) {
      return Fail("a body of " + std::to_string(header_.body_bytes) +
                  " bytes, for which there is no memory");
    }
  }
  incoming.head.reserve(header_.head_bytes);
  head_left_ = header_.head_bytes;
  target_ = &incoming;
  return true;
}

bool FrameReader::BeginLarge() {
  if (header_.body_bytes == 0) return Fail("a large frame without a body");
  if (large_.size() >= kOpenStreamsMax) {
    return Fail("more than " + std::to_string(kOpenStreamsMax) +
                " large bodies at a time");
  }
  const auto [at, added] = large_.try_emplace(header_.stream);
  return added ? BeginFrame(at->second) : Fail("a stream that is open already");
}

bool FrameReader::BeginPiece() {
  const auto at = large_.find(header_.stream);
  if (at == large_.end()) return Fail("a piece of an unknown stream");
  Incoming& incoming = at->second;
  if (header_.head_bytes != 0 || header_.vector_of != kNoVector ||
      header_.body_bytes == 0 ||
      header_.body_bytes > incoming.body_bytes - incoming.arrived) {
    return Fail("a piece that does not fit its stream");
  }
  target_ = &incoming;
  body_left_ = header_.body_bytes;
  return true;
}

// Ends the current unit when all of it is here; delivers what is whole.
bool FrameReader::EndIfComplete() {
  if (!HeaderComplete() || head_left_ > 0 || body_left_ > 0) return true;
  header_arrived_ = 0;
  if (header_.kind == FrameKind::kWhole) {
    Hand(std::move(whole_));
  } else if (header_.kind == FrameKind::kPiece &&
             target_->arrived == target_->body_bytes) {
    Hand(std::move(large_.extract(header_.stream).mapped()));
  }
  target_ = nullptr;
  return true;
}

void FrameReader::Hand(Incoming incoming) {
  Frame frame;
  frame.head = std::move(incoming.head);
  if (incoming.body_bytes > 0) {
    frame.body = std::move(incoming.body)
                     .Finish(static_cast<std::size_t>(incoming.body_bytes));
  }
  deliver_(std::move(frame));
}

}  // namespace taskgraph::transport
