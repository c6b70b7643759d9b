// SPDX-License-Identifier: Apache-2.0
#include "transport/write_queue.h"

#include <algorithm>
#include <utility>

namespace taskgraph::transport {
namespace {

// Copying so little is cheaper than one more entry in a gather write.
constexpr std::size_t kCopiedBodyBytesMax = 4 << 10;

// Small frames are collected in strings of about this size.
constexpr std::size_t kChunkBytes = 32 << 10;

// Memory that an idle queue may keep for the next small frames.
constexpr std::size_t kSpareBytesMax = 1 << 10;

// Pieces that are lined up for one write.
constexpr std::uint64_t kLinedUpBytes = 1 << 20;

}  // namespace

void WriteQueue::Push(Frame&& frame) {
  const std::size_t body_bytes = frame.body.size();
  if (IsLarge(frame, piece_bytes_)) {
    bytes_ += kFrameHeaderBytes + frame.head.size() + body_bytes;
    waiting_.push_back({0, std::move(frame.head), std::move(frame.body), 0});
    return;
  }
  const bool copied = body_bytes <= kCopiedBodyBytesMax;
  const std::size_t needed = kFrameHeaderBytes + frame.head.size();
  std::string& out = SmallBytes(needed + (copied ? body_bytes : 0));
  AppendHeader(
      out, {FrameKind::kWhole, 0, static_cast<std::uint32_t>(frame.head.size()),
            body_bytes, frame.body.vector_of()});
  out += frame.head;
  if (copied) {
    out += frame.body.text();
  } else {
    small_.back().body = std::move(frame.body);
  }
  bytes_ += needed + body_bytes;
  small_bytes_ += needed + body_bytes;
}

void WriteQueue::PushHeartbeat() {
  AppendHeader(SmallBytes(kFrameHeaderBytes), {});
  bytes_ += kFrameHeaderBytes;
  small_bytes_ += kFrameHeaderBytes;
}

// A string to append `needed` bytes to, behind all small frames so far.
std::string& WriteQueue::SmallBytes(std::size_t needed) {
  if (small_.empty() || !small_.back().body.empty() ||
      small_.back().bytes.size() + needed > kChunkBytes) {
    small_.emplace_back().bytes = std::move(spare_);
    small_.back().bytes.reserve(needed);
  }
  return small_.back().bytes;
}

std::size_t WriteQueue::Gather(std::span<Bytes> out) {
  StageSmall();
  StagePieces();
  std::size_t used = 0;
  std::size_t skip = front_written_;
  for (const Chunk& chunk : road_) {
    for (Bytes part :
         {std::as_bytes(std::span(chunk.bytes)), chunk.body.bytes()}) {
      const std::size_t skipped = std::min(skip, part.size());
      skip -= skipped;
      if (skipped == part.size()) continue;
      if (used == out.size()) return used;
      out[used++] = part.subspan(skipped);
    }
  }
  return used;
}

void WriteQueue::StageSmall() {
  const bool begun =
      front_written_ > 0 && road_.front().kind == Chunk::Kind::kPiece;
  auto place = road_.begin() +
               static_cast<std::ptrdiff_t>(small_on_road_ + (begun ? 1 : 0));
  while (!small_.empty() && small_bytes_on_road_ < piece_bytes_) {
    const bool overtakes = place != road_.end();
    if (overtakes && overtaken_bytes_ >= piece_bytes_) return;
    if (overtakes) overtaken_bytes_ += small_.front().size();
    small_bytes_on_road_ += small_.front().size();
    ++small_on_road_;
    place = std::next(road_.insert(place, std::move(small_.front())));
    small_.pop_front();
  }
}

void WriteQueue::StagePieces() {
  OpenStreams();
  while (!open_.empty() && piece_bytes_on_road_ < kLinedUpBytes) {
    road_.push_back(CutPiece());
    piece_bytes_on_road_ += road_.back().size();
  }
}

void WriteQueue::OpenStreams() {
  while (!waiting_.empty() && open_.size() < kOpenStreamsMax) {
    // At most kOpenStreamsMax are open, in a row of ids that never wraps onto
    // one of them: an id is taken again only after 65,536 others.
    open_.push_back(std::move(waiting_.front()));
    open_.back().stream = next_stream_++;
    waiting_.pop_front();
  }
}

WriteQueue::Chunk WriteQueue::CutPiece() {
  Large large = std::move(open_.front());
  open_.pop_front();
  const std::uint64_t left = large.body.size() - large.cut;
  const std::uint64_t piece = std::min(left, piece_bytes_);

  Chunk chunk;
  chunk.kind = Chunk::Kind::kPiece;
  if (large.cut == 0) {
    AppendHeader(chunk.bytes, {FrameKind::kLarge, large.stream,
                               static_cast<std::uint32_t>(large.head.size()),
                               large.body.size(), large.body.vector_of()});
    chunk.bytes += large.head;
  }
  AppendHeader(chunk.bytes, {FrameKind::kPiece, large.stream, 0, piece});
  bytes_ += kFrameHeaderBytes;
  chunk.body = Payload(large.body.owner(), large.body.data() + large.cut,
                       static_cast<std::size_t>(piece));
  large.cut += piece;
  if (piece < left) open_.push_back(std::move(large));

  return chunk;
}

void WriteQueue::Written(std::size_t count) {
  bytes_ -= count;
  front_written_ += count;
  while (!road_.empty()) {
    const std::size_t size = road_.front().size();
    const bool small = road_.front().kind == Chunk::Kind::kSmall;
    if (!small && front_written_ > 0) overtaken_bytes_ = 0;  // It is begun.
    if (front_written_ < size) return;
    front_written_ -= size;
    (small ? small_bytes_on_road_ : piece_bytes_on_road_) -= size;
    small_on_road_ -= small ? 1 : 0;
    small_bytes_ -= small ? size : 0;
    Keep(std::move(road_.front().bytes));
    road_.erase(road_.begin());
  }
}

void WriteQueue::Keep(std::string bytes) {
  if (bytes.capacity() > kSpareBytesMax) return;
  bytes.clear();
  spare_ = std::move(bytes);
}

}  // namespace taskgraph::transport
