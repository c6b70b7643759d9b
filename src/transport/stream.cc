// SPDX-License-Identifier: Apache-2.0
#include "transport/stream.h"

#include <algorithm>
#include <vector>

namespace taskgraph::transport {
namespace {

// As much of what is to be sent is sealed at a time: some records.
constexpr std::size_t kSealedMax = 64 << 10;

// What fits into a record.
constexpr std::size_t kRecordBytes = 16 << 10;

// The hello being read.
struct Arrival {
  std::shared_ptr<void> keep;
  std::function<void(Result<Hello>)> done;
  std::array<std::byte, kHelloHeaderBytes> header;
  std::vector<std::byte> body;
};

std::span<std::byte> BytesOf(const asio::mutable_buffer& buffer) {
  return {static_cast<std::byte*>(buffer.data()), buffer.size()};
}

// Fills `into`, and calls `done` with an empty text, or what went wrong.
void ReadAll(Stream& stream, std::span<std::byte> into,
             std::function<void(std::string)> done) {
  while (!into.empty()) {
    asio::error_code error;
    const asio::mutable_buffer buffer(into.data(), into.size());
    const std::size_t count = stream.ReadSome(buffer, error);
    into = into.subspan(count);
    if (error == asio::error::would_block) {
      return stream.AwaitReadable(
          [&stream, into, done = std::move(done)](const asio::error_code& end) {
            if (end) return done(end.message());
            ReadAll(stream, into, done);
          });
    }
    if (error) return done(stream.Why(error));
  }
  done({});
}

Error Ended(std::string why) {
  return {ErrorCode::kUnavailable, std::move(why)};
}

}  // namespace

void Stream::Close() {
  asio::error_code ignored;
  socket_.close(ignored);
}

// --- Reading ---

std::size_t Stream::ReadSealed(std::span<const asio::mutable_buffer> buffers,
                               asio::error_code& error) {
  std::size_t total = 0;
  for (const asio::mutable_buffer& buffer : buffers) {
    for (auto room = BytesOf(buffer); !room.empty();) {
      const std::size_t count = tls_->Read(room);
      total += count;
      room = room.subspan(count);
      if (count > 0) continue;
      if (!tls_->failure().empty()) {
        error = asio::error::eof;
      } else if (Fetch(error)) {
        continue;
      }
      if (total > 0) error = {};  // It comes again.
      return total;
    }
  }
  return total;
}

// Takes sealed bytes from the socket. False: there are none.
bool Stream::Fetch(asio::error_code& error) {
  if (std::exchange(is_dry_, false)) {  // Asking would be in vain.
    error = asio::error::would_block;
    return false;
  }
  const std::span<std::byte> room = tls_->Room();
  const std::size_t count =
      socket_.read_some(asio::buffer(room.data(), room.size()), error);
  tls_->Came(count);
  is_dry_ = !error && count < room.size();
  return !error;
}

// --- Writing ---

std::size_t Stream::WriteSealed(std::span<const asio::const_buffer> buffers,
                                asio::error_code& error) {
  SendSealed(error);
  if (error) return 0;
  const std::size_t count = Seal(buffers);
  SendSealed(error);
  if (count > 0) error = {};  // What is left goes before what comes next.
  return count;
}

// Small buffers share a record: each costs the other side a read.
std::size_t Stream::Seal(std::span<const asio::const_buffer> buffers) {
  std::array<std::byte, kRecordBytes> record;
  std::size_t filled = 0;
  std::size_t total = 0;
  for (const asio::const_buffer& buffer : buffers) {
    std::span bytes(static_cast<const std::byte*>(buffer.data()),
                    buffer.size());
    while (!bytes.empty() && total < kSealedMax) {
      const auto part =
          bytes.first(std::min(bytes.size(), record.size() - filled));
      std::copy(part.begin(), part.end(),
                record.begin() + static_cast<std::ptrdiff_t>(filled));
      bytes = bytes.subspan(part.size());
      filled += part.size();
      total += part.size();
      if (filled == record.size()) {
        tls_->Write(record);
        filled = 0;
      }
    }
  }
  tls_->Write(std::span(record).first(filled));
  return total;
}

void Stream::SendSealed(asio::error_code& error) {
  while (has_unsent() && !error) {
    const auto bytes = tls_->ToSend();
    tls_->Sent(
        socket_.write_some(asio::buffer(bytes.data(), bytes.size()), error));
  }
}

std::string Stream::Why(const asio::error_code& error) const {
  if (has_failed()) return tls_->failure();
  return error == asio::error::eof ? "it closed the connection"
                                   : error.message();
}

TlsSession::Greeting Stream::Greet(asio::error_code& error) {
  using enum TlsSession::Greeting;
  if (!tls_) return kDone;
  while (true) {
    const TlsSession::Greeting now = tls_->Greet();
    SendSealed(error);  // It fits into the empty buffer of a new connection.
    if (now != kUnderWay) return now;
    if (error || !Fetch(error)) {
      return error == asio::error::would_block ? kUnderWay : kFailed;
    }
  }
}

Stream MakeStream(Socket socket, Tls* tls, TlsSession::Role role) {
  Tune(socket);
  asio::error_code error;
  const bool is_unix =
      socket.local_endpoint(error).protocol().family() == AF_UNIX;
  const bool is_sealed = tls != nullptr && !is_unix;
  return Stream(std::move(socket), is_sealed ? tls->Begin(role) : nullptr);
}

// --- Who is who ---

void GreetSealed(Stream& stream, std::shared_ptr<void> keep,
                 std::function<void(std::optional<Error>)> done) {
  asio::error_code error;
  switch (stream.Greet(error)) {
    case TlsSession::Greeting::kDone:
      return done({});
    case TlsSession::Greeting::kFailed:
      return done(Error{
          stream.has_failed() ? ErrorCode::kCorrupt : ErrorCode::kUnavailable,
          stream.Why(error)});
    case TlsSession::Greeting::kUnderWay:
      break;
  }
  stream.AwaitReadable([&stream, keep = std::move(keep),
                        done = std::move(done)](const asio::error_code& end) {
    if (end) return done(Ended(end.message()));
    GreetSealed(stream, keep, done);
  });
}

void ReadHello(Stream& stream, std::shared_ptr<void> keep,
               std::function<void(Result<Hello>)> done) {
  auto arrival = std::make_shared<Arrival>();
  arrival->keep = std::move(keep);
  arrival->done = std::move(done);
  ReadAll(stream, arrival->header, [&stream, arrival](std::string why) {
    if (!why.empty()) return arrival->done(Ended(std::move(why)));
    const Result<std::size_t> bytes = HelloBodyBytes(arrival->header);
    if (!bytes) return arrival->done(bytes.error());
    arrival->body.resize(*bytes);
    ReadAll(stream, arrival->body, [arrival](std::string end) {
      arrival->done(end.empty() ? DecodeHello(arrival->header, arrival->body)
                                : Result<Hello>(Ended(std::move(end))));
    });
  });
}

bool WriteHello(Stream& stream, const Hello& hello) {
  // It always fits into the empty buffer of a new connection.
  const std::string bytes = Encode(hello);
  asio::error_code error;
  const asio::const_buffer buffer(bytes.data(), bytes.size());
  return stream.WriteSome(buffer, error) == bytes.size() &&
         !stream.has_unsent();
}

}  // namespace taskgraph::transport
