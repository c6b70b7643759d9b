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

// Fills `into`, and calls `done` with an empty text, or what went wrong.
void ReadAll(Stream& stream, std::span<std::byte> into,
             std::function<void(std::string)> done) {
  while (!into.empty()) {
    IoError error;
    into = into.subspan(stream.Read({&into, 1}, error));
    if (error.is_dry()) {
      return stream.socket().AwaitReadable(
          [&stream, into, done = std::move(done)] {
            ReadAll(stream, into, done);
          });
    }
    if (error) return done(stream.Why(error));
  }
  done({});
}

}  // namespace

// --- Reading ---

std::size_t Stream::ReadSealed(std::span<const Room> into, IoError& error) {
  std::size_t total = 0;
  bool was_all = false;  // So that to ask once more would be in vain.
  for (Room room : into) {
    while (!room.empty()) {
      const std::size_t count = tls_->Read(room);
      total += count;
      room = room.subspan(count);
      if (count > 0) continue;
      if (!tls_->failure().empty()) {
        error = IoError::End();
      } else if (was_all) {
        error = IoError(EAGAIN);
      } else if (Fetch(error, was_all)) {
        continue;
      }
      if (total > 0) error = {};  // It comes again.
      return total;
    }
  }
  return total;
}

// Takes sealed bytes from the socket. False: there are none.
bool Stream::Fetch(IoError& error, bool& was_all) {
  const Room room = tls_->Room();
  const std::size_t count = socket_.Read({&room, 1}, error);
  tls_->Came(count);
  was_all = count < room.size() && !socket_.has_hung_up();
  return !error;
}

// --- Writing ---

std::size_t Stream::WriteSealed(std::span<const Bytes> from, IoError& error) {
  SendSealed(error);
  if (error) return 0;
  const std::size_t count = Seal(from);
  SendSealed(error);
  if (count > 0) error = {};  // What is left goes before what comes next.
  return count;
}

// Small buffers share a record: each costs the other side a read.
std::size_t Stream::Seal(std::span<const Bytes> from) {
  std::array<std::byte, kRecordBytes> record;
  std::size_t filled = 0;
  std::size_t total = 0;
  for (Bytes bytes : from) {
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

void Stream::SendSealed(IoError& error) {
  while (has_unsent() && !error) {
    const Bytes bytes = tls_->ToSend();
    tls_->Sent(socket_.Write({&bytes, 1}, error));
  }
}

std::string Stream::Why(const IoError& error) const {
  return has_failed() ? tls_->failure() : error.message();
}

TlsSession::Greeting Stream::Greet(IoError& error) {
  using enum TlsSession::Greeting;
  if (!tls_) return kDone;
  while (true) {
    const TlsSession::Greeting now = tls_->Greet();
    SendSealed(error);  // It fits into the empty buffer of a new connection.
    if (now != kUnderWay) return now;
    bool was_all = false;
    if (error || !Fetch(error, was_all)) {
      return error.is_dry() ? kUnderWay : kFailed;
    }
  }
}

Stream MakeStream(Socket socket, Tls* tls, TlsSession::Role role) {
  Tune(socket);
  const bool is_sealed = tls != nullptr && !socket.is_unix();
  return Stream(std::move(socket), is_sealed ? tls->Begin(role) : nullptr);
}

// --- Who is who ---

void GreetSealed(Stream& stream, std::shared_ptr<void> keep,
                 std::function<void(std::optional<Error>)> done) {
  IoError error;
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
  stream.socket().AwaitReadable(
      [&stream, keep = std::move(keep), done = std::move(done)] {
        GreetSealed(stream, keep, done);
      });
}

void ReadHello(Stream& stream, std::shared_ptr<void> keep,
               std::function<void(Result<Hello>)> done) {
  auto arrival = std::make_shared<Arrival>();
  arrival->keep = std::move(keep);
  arrival->done = std::move(done);
  ReadAll(stream, arrival->header, [&stream, arrival](std::string why) {
    if (!why.empty()) {
      return arrival->done(Error{ErrorCode::kUnavailable, std::move(why)});
    }
    const Result<std::size_t> bytes = HelloBodyBytes(arrival->header);
    if (!bytes) return arrival->done(bytes.error());
    arrival->body.resize(*bytes);
    ReadAll(stream, arrival->body, [arrival](std::string end) {
      arrival->done(end.empty() ? DecodeHello(arrival->header, arrival->body)
                                : Result<Hello>(Error{ErrorCode::kUnavailable,
                                                      std::move(end)}));
    });
  });
}

bool WriteHello(Stream& stream, const Hello& hello) {
  // It always fits into the empty buffer of a new connection.
  const std::string text = Encode(hello);
  const Stream::Bytes bytes = std::as_bytes(std::span(text));
  IoError error;
  return stream.Write({&bytes, 1}, error) == bytes.size() &&
         !stream.has_unsent();
}

}  // namespace taskgraph::transport
