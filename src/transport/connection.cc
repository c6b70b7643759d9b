// SPDX-License-Identifier: Apache-2.0
#include "transport/connection.h"

#include <algorithm>
#include <utility>

namespace taskgraph::transport {
namespace {

// How much one connection reads or writes before the others get a turn.
constexpr std::uint64_t kTurnBytesMax = 1 << 20;

// While a large body arrives, what a read may take beyond the current piece:
// a header and little more, since it has to be copied. For the same reason the
// first read of a turn is short: a large body may begin there.
constexpr std::size_t kBeyondPieceBytes = 4 << 10;
constexpr std::size_t kFirstReadBytes = 8 << 10;
constexpr std::size_t kLargeReadBytes = 64 << 10;

}  // namespace

Connection::Connection(ConnectionContext& context, NodeId peer, Stream stream,
                       WriteQueue queue)
    : context_(context),
      peer_(std::move(peer)),
      stream_(std::move(stream)),
      reader_(context.limits, context.pool,
              [this](Frame&& frame) {
                arrived_ = true;
                if (!closed_) context_.owner.Arrived(*this, std::move(frame));
              }),
      queue_(std::move(queue)) {}

void Connection::Start() {
  stream_.socket().OnReadable([this] { Read(); });
  BookFlush();
}

void Connection::BookFlush() {
  if (std::exchange(flush_booked_, true)) return;
  context_.backend.BeforePoll(shared_from_this());
}

void Connection::Run() {
  flush_booked_ = false;
  Flush();
}

void Connection::Close() {
  closed_ = true;
  stream_.Close();
}

// --- Reading ---

void Connection::Read() {
  const auto self = shared_from_this();  // Its owner may let it go meanwhile.
  if (!ReadSome() && !closed_) stream_.socket().ReadOn();  // The others first.
}

// Reads until a turn's worth or a frame has come, since that may be urgent.
// Says whether that was all there is.
bool Connection::ReadSome() {
  arrived_ = false;
  for (std::uint64_t total = 0; total < kTurnBytesMax && !arrived_;) {
    const std::span<std::byte> direct = reader_.Direct();
    std::span<std::byte> rest = context_.scratch;
    if (direct.size() >= kLargeReadBytes || reader_.is_amid_large()) {
      rest = rest.first(kBeyondPieceBytes);
    } else if (total == 0) {
      rest = rest.first(kFirstReadBytes);
    }
    const std::array<Stream::Room, 2> room = {direct, rest};
    IoError error;
    const std::size_t count = stream_.Read(room, error);
    if (error.is_dry()) return true;
    if (error) {
      Break(BreakReason::kReset, stream_.Why(error));
      return true;
    }
    const std::size_t in_place = std::min(count, direct.size());
    if (!Digest(direct.first(in_place), rest.first(count - in_place))) {
      return true;
    }
    const bool was_all = count < direct.size() + rest.size();
    if (was_all && !stream_.is_sealed() && !stream_.socket().has_hung_up()) {
      return true;
    }
    total += count;
  }
  return false;
}

// What has come: first bytes of a body, in their place. False: the connection
// is over.
bool Connection::Digest(std::span<const std::byte> direct,
                        std::span<const std::byte> rest) {
  heard_ = true;
  const bool sound =
      (direct.empty() || reader_.Filled(direct.size())) && reader_.Feed(rest);
  if (!sound && !closed_) {
    Break(BreakReason::kTurnedAway, "it sent " + reader_.error());
  }
  return sound && !closed_;
}

// --- Writing ---

void Connection::Send(Frame&& frame) {
  queue_.Push(std::move(frame));
  if (awaiting_writable_ || flush_booked_) return;
  const std::uint64_t round = context_.backend.round();
  if (std::exchange(written_in_round_, round) != round) {
    Flush();
  } else {
    BookFlush();  // More may follow: one write takes them all.
  }
}

void Connection::Flush() {
  std::uint64_t written = 0;
  while (!closed_ && !write_failed_ && !awaiting_writable_ && HasToWrite()) {
    if (written >= kTurnBytesMax) {  // The others first.
      BookFlush();
      break;
    }
    if (!WriteSome(written) && HasToWrite()) AwaitWritable();
  }
  if (closed_) return;
  if (!HasToWrite()) stream_.socket().IgnoreWritable();
  if (written > 0) {
    wrote_ = true;
    context_.owner.Drained(*this);
  }
}

// False: the socket is full.
bool Connection::WriteSome(std::uint64_t& written) {
  const auto parts = std::span(gathered_).first(queue_.Gather(gathered_));
  std::size_t wanted = 0;
  for (const WriteQueue::Bytes& part : parts) wanted += part.size();
  IoError error;
  const std::size_t count = stream_.Write(parts, error);
  if (error.is_dry()) return false;
  if (error) {
    // The reader finds the end too, behind the frames that came before; or the
    // watchman, that nothing moves.
    write_failed_ = true;
    return true;
  }
  queue_.Written(count);
  written += count;
  return count == wanted || (stream_.is_sealed() && !stream_.has_unsent());
}

void Connection::AwaitWritable() {
  awaiting_writable_ = true;
  stream_.socket().AwaitWritable([this] {
    const auto self = shared_from_this();
    awaiting_writable_ = false;
    Flush();  // Finds out by itself what an error means.
  });
}

// --- The watchman ---

void Connection::Tick() {
  silent_beats_ = std::exchange(heard_, false) ? 0 : silent_beats_ + 1;
  const bool wrote = std::exchange(wrote_, false);
  stalled_beats_ = wrote || queue_.empty() ? 0 : stalled_beats_ + 1;
  idle_beats_ = wrote || !queue_.empty() ? 0 : idle_beats_ + 1;
  if (silent_beats_ > context_.silent_beats_max) {
    return Break(BreakReason::kSilent, "not a byte for the heartbeat timeout");
  }
  if (stalled_beats_ > context_.silent_beats_max) {
    return Break(BreakReason::kStalled,
                 "it read nothing for the heartbeat timeout");
  }
  if (idle_beats_ >= context_.idle_beats_max) {
    idle_beats_ = 0;
    queue_.PushHeartbeat();
    Flush();
  }
}

void Connection::Break(BreakReason reason, std::string detail) {
  context_.owner.Broke(*this, reason, std::move(detail));
}

}  // namespace taskgraph::transport
