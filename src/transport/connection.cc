// SPDX-License-Identifier: Apache-2.0
#include "transport/connection.h"

#include <algorithm>
#include <utility>

namespace taskgraph::transport {
namespace {

// How much one connection reads or writes before the others get a turn.
constexpr std::uint64_t kTurnBytesMax = 1 << 20;

// While a large body arrives, what a read may take beyond the current piece:
// a header and little more, since it has to be copied.
constexpr std::size_t kBeyondPieceBytes = 4 << 10;
constexpr std::size_t kLargeReadBytes = 64 << 10;

asio::mutable_buffer BufferOf(std::span<std::byte> bytes) {
  return {bytes.data(), bytes.size()};
}

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
  read_booked_ = flush_booked_ = true;
  BookChore();
}

void Connection::BookChore() {
  if (std::exchange(chore_booked_, true)) return;
  context_.backend.BeforePoll(shared_from_this());
}

void Connection::Run() {
  chore_booked_ = false;
  if (std::exchange(flush_booked_, false)) Flush();
  if (std::exchange(read_booked_, false) && !closed_) Read();
}

void Connection::Close() {
  closed_ = true;
  gate_.LetGo();
  stream_.Close();
}

// --- Reading ---

void Connection::Read() {
  if (stream_.is_sealed()) return ReadSealed();
  direct_ = reader_.Direct();
  if (direct_.empty()) {
    ReadInto(asio::buffer(small_));  // One buffer is cheaper than two.
  } else {
    ReadInto(std::array<asio::mutable_buffer, 2>{BufferOf(direct_),
                                                 asio::buffer(small_)});
  }
}

// What Asio calls, and asks for memory while it waits.
class Connection::ReadHandler {
 public:
  template <typename T>
  struct Allocator {
    using value_type = T;
    explicit Allocator(ReadMemory& owner) : memory(&owner) {}
    template <typename Other>
    Allocator(const Allocator<Other>& other) : memory(other.memory) {}

    T* allocate(std::size_t count) {
      return static_cast<T*>(memory->Take(count * sizeof(T)));
    }
    void deallocate(T* taken, std::size_t) { memory->GiveBack(taken); }
    friend bool operator==(const Allocator&, const Allocator&) = default;

    ReadMemory* memory;
  };
  using allocator_type = Allocator<std::byte>;

  explicit ReadHandler(std::shared_ptr<Connection> connection)
      : connection_(std::move(connection)) {}

  allocator_type get_allocator() const noexcept {
    return allocator_type(connection_->read_memory_);
  }
  void operator()(const asio::error_code& error, std::size_t count) const {
    if (!connection_->closed_) connection_->ReadDone(error, count);
  }

 private:
  std::shared_ptr<Connection> connection_;
};

void Connection::ReadInto(const auto& buffers) {
  stream_.socket().async_read_some(buffers, ReadHandler(shared_from_this()));
}

void Connection::ReadDone(const asio::error_code& error, std::size_t count) {
  if (error) return Break(BreakReason::kReset, stream_.Why(error));
  const std::size_t wanted = direct_.size() + small_.size();
  if (!Digest(count, small_)) return;
  if (count == wanted) ReadOn();
  // Later, because Asio first looks in vain whether there is more, and
  // meanwhile the answer to what has just come could be under way.
  read_booked_ = true;
  BookChore();
}

// What comes is sealed in records, so how much there is shows only when it is
// read.
void Connection::ReadSealed() {
  const bool drained = ReadOn();
  if (closed_) return;
  if (!drained) {  // The others first.
    asio::post(context_.backend.io(), [self = shared_from_this()] {
      if (!self->closed_) self->ReadSealed();
    });
    return;
  }
  stream_.AwaitReadable([self = shared_from_this()](const asio::error_code&) {
    if (!self->closed_) self->ReadSealed();
  });
}

// Reads without asking Asio, which waits first, until a turn's worth or a frame
// has come, since that may be urgent. Says whether that was all.
bool Connection::ReadOn() {
  arrived_ = false;
  for (std::uint64_t total = 0;
       total < kTurnBytesMax && !arrived_ && !closed_;) {
    direct_ = reader_.Direct();
    std::span<std::byte> rest = context_.scratch;
    if (direct_.size() >= kLargeReadBytes) rest = rest.first(kBeyondPieceBytes);
    const std::array<asio::mutable_buffer, 2> buffers = {BufferOf(direct_),
                                                         BufferOf(rest)};
    const std::size_t wanted = direct_.size() + rest.size();
    asio::error_code error;
    const std::size_t count = stream_.ReadSome(buffers, error);
    if (error == asio::error::would_block) return true;
    if (error) {
      Break(BreakReason::kReset, stream_.Why(error));
      return true;
    }
    if (!Digest(count, rest)) return true;
    if (count < wanted && !stream_.is_sealed()) return true;
    total += count;
  }
  return closed_;
}

// `count` bytes have come, first those of the body, then those in `rest`.
// False: the connection is over.
bool Connection::Digest(std::size_t count, std::span<const std::byte> rest) {
  heard_ = true;
  const std::size_t direct = std::min(count, direct_.size());
  const bool sound = (direct == 0 || reader_.Filled(direct)) &&
                     reader_.Feed(rest.first(count - direct));
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
    flush_booked_ = true;  // More may follow: one write takes them all.
    BookChore();
  }
}

void Connection::Flush() {
  std::uint64_t written = 0;
  while (!closed_ && !write_failed_ && !awaiting_writable_ && HasToWrite()) {
    if (written >= kTurnBytesMax) {  // The others first.
      flush_booked_ = true;
      BookChore();
      break;
    }
    if (!WriteSome(written) && HasToWrite()) AwaitWritable();
  }
  if (!HasToWrite()) gate_.LetGo();
  if (written > 0 && !closed_) {
    wrote_ = true;
    context_.owner.Drained(*this);
  }
}

// False: the socket is full.
bool Connection::WriteSome(std::uint64_t& written) {
  auto& [parts, buffers] = gathered_;
  const std::size_t used = queue_.Gather(parts);
  std::size_t wanted = 0;
  for (std::size_t i = 0; i < used; ++i) {
    buffers[i] = asio::const_buffer(parts[i].data(), parts[i].size());
    wanted += parts[i].size();
  }
  asio::error_code error;
  const std::size_t count =
      used == 1 ? stream_.WriteSome(buffers[0], error)
                : stream_.WriteSome(std::span(buffers).first(used), error);
  if (error == asio::error::would_block) return false;
  if (error) {
    // The reader will find the end too, behind the frames that came before.
    write_failed_ = true;
    return true;
  }
  queue_.Written(count);
  written += count;
  return count == wanted || (stream_.is_sealed() && !stream_.has_unsent());
}

void Connection::AwaitWritable() {
  awaiting_writable_ = true;
  gate_.Await([self = shared_from_this()](const asio::error_code&) {
    if (self->closed_) return;
    self->awaiting_writable_ = false;
    self->Flush();  // Finds out by itself what an error means.
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
