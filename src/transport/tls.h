// SPDX-License-Identifier: Apache-2.0
//
// Tls: who this process is to others on the network, by certificate; and
// TlsSession: one conversation that nobody else can read or change.
//
// Intuition: a pair of interpreters with a secret language. Each side hands
// clear text to its own and gets sealed bytes for the wire, and the other way
// round. The interpreter never touches the wire, so it can be tested at a table
// (TlsSession is pure: bytes in, bytes out).
//
// Both sides show a certificate, and each checks that the authority of the job
// has signed the other's; whose name is on it does not matter, since nodes come
// and go at any address. TLS 1.3 only (RFC 8446). A connection that ends
// without farewell is one that broke, as without TLS: frames have lengths.
//
// Not thread-safe; belongs to the loop.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "taskgraph/error.h"
#include "taskgraph/tls_files.h"
#include "threads/mutex.h"

// OpenSSL's, which only tls.cc includes.
struct ssl_st;
struct ssl_ctx_st;

namespace taskgraph::transport {

class TlsSession {
 public:
  enum class Role : std::uint8_t { kClient, kServer };
  TlsSession(ssl_ctx_st& context, Role role);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // --- The wire's side ---

  // Room for sealed bytes, and how many of them have come.
  std::span<std::byte> Room();
  void Came(std::size_t count) { in_end_ += count; }
  // Sealed bytes to send, and how many of them are gone.
  std::span<const std::byte> ToSend() const;
  void Sent(std::size_t count);

  // --- Our side ---

  // Goes on greeting each other. kFailed: see failure(); what is left to send
  // tells the other side, too.
  enum class Greeting : std::uint8_t { kUnderWay, kDone, kFailed };
  Greeting Greet();
  // Clear text; 0: more has to come in first, or it failed.
  std::size_t Read(std::span<std::byte> into);
  // Seals all of it. After the greeting.
  void Write(std::span<const std::byte> clear);

  // Empty while all is well; else why it is over.
  const std::string& failure() const { return failure_; }

 private:
  friend struct WireEnd;  // What OpenSSL reads from and writes to.

  // Says whether `result` of an operation means that it is to be tried again
  // when more has come.
  bool IsWaiting(int result);

  ssl_st* ssl_;
  std::vector<std::byte> in_;  // Sealed bytes from in_begin_ to in_end_.
  std::size_t in_begin_ = 0;
  std::size_t in_end_ = 0;
  std::vector<std::byte> out_;
  std::size_t out_begin_ = 0;
  std::string failure_;
};

// Thread-safe: all transports of a process may share one.
class Tls {
 public:
  // Reads and checks the files; the error says which one is wrong, and how.
  // `log` gets a line when they are replaced by others that are wrong.
  using Log = std::function<void(const std::string&)>;
  static Result<std::shared_ptr<Tls>> Load(TlsFiles files, Log log);
  ~Tls();
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  // For a new connection. Files that were replaced since are read again; if
  // they are wrong, what was read before stays in use.
  std::unique_ptr<TlsSession> Begin(TlsSession::Role role);

 private:
  // What tells one version of a file from another.
  using Version = std::array<std::int64_t, 4>;
  using Versions = std::array<Version, 3>;
  Tls(TlsFiles files, Log log)
      : files_(std::move(files)), log_(std::move(log)) {}

  Versions Look() const;
  std::optional<Error> Read() TASKGRAPH_REQUIRES(mutex_);

  const TlsFiles files_;
  const Log log_;
  threads::Mutex mutex_;
  Versions seen_ TASKGRAPH_GUARDED_BY(mutex_){};
  ssl_ctx_st* context_ TASKGRAPH_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace taskgraph::transport
