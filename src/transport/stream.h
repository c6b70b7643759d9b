// SPDX-License-Identifier: Apache-2.0
//
// Stream: the bytes of one connection, sealed or not; above this file they are
// the same.
//
// A Unix socket is never sealed: who can reach its file may read its owner's
// memory as well.
//
// Not thread-safe; belongs to the loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "transport/hello.h"
#include "transport/socket.h"
#include "transport/tls.h"

namespace taskgraph::transport {

class Stream {
 public:
  using Room = Socket::Room;
  using Bytes = Socket::Bytes;

  // Sealed, where there is a session.
  explicit Stream(Socket socket, std::unique_ptr<TlsSession> tls = nullptr)
      : socket_(std::move(socket)), tls_(std::move(tls)) {}

  Socket& socket() { return socket_; }
  bool is_sealed() const { return tls_ != nullptr; }
  void Close() { socket_.Close(); }

  // As a socket's; but what is sealed comes in records, so less than there is
  // room for does not mean that it was all. What is written need not be given
  // again; if it is sealed, some of it may not be gone, see has_unsent.
  std::size_t Read(std::span<const Room> into, IoError& error) {
    return tls_ ? ReadSealed(into, error) : socket_.Read(into, error);
  }
  std::size_t Write(std::span<const Bytes> from, IoError& error) {
    return tls_ ? WriteSealed(from, error) : socket_.Write(from, error);
  }
  // Sealed bytes are left that the socket did not take; Write of nothing goes
  // on with them.
  bool has_unsent() const { return tls_ && !tls_->ToSend().empty(); }

  // The other side is not one to talk to, or said so of us.
  bool has_failed() const { return tls_ && !tls_->failure().empty(); }
  // In words, after an error of Read or Write.
  std::string Why(const IoError& error) const;

  // Goes on with the greeting of TLS, if any; `error` tells of the socket.
  TlsSession::Greeting Greet(IoError& error);

 private:
  std::size_t ReadSealed(std::span<const Room> into, IoError& error);
  std::size_t WriteSealed(std::span<const Bytes> from, IoError& error);
  std::size_t Seal(std::span<const Bytes> from);
  bool Fetch(IoError& error, bool& was_all);
  void SendSealed(IoError& error);

  Socket socket_;
  std::unique_ptr<TlsSession> tls_;
};

// A stream over a new connection: sealed, if there is a `tls` and it is not a
// Unix socket. With GreetSealed before anything else.
Stream MakeStream(Socket socket, Tls* tls, TlsSession::Role role);

// Who is who is settled in two steps. In both, `keep` lives until `done` was
// called, and an error is kCorrupt: the other side is not one of ours, or
// kUnavailable: the connection ended.
void GreetSealed(Stream& stream, std::shared_ptr<void> keep,
                 std::function<void(std::optional<Error>)> done);

// Reads one hello and not a byte more.
void ReadHello(Stream& stream, std::shared_ptr<void> keep,
               std::function<void(Result<Hello>)> done);

// Writes `hello` into a connection that nothing but a greeting was written to
// before; false: it is broken.
bool WriteHello(Stream& stream, const Hello& hello);

}  // namespace taskgraph::transport
