// SPDX-License-Identifier: Apache-2.0
//
// Socket: a connected TCP or Unix stream; above this file they are the same.
//
// Not thread-safe; belongs to the loop.
#pragma once

#include <cerrno>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "transport/endpoint.h"
#include "transport/reactor_backend.h"

namespace taskgraph::transport {

// Why a socket did not do what it was asked for; false: it did.
class IoError {
 public:
  IoError() = default;
  explicit IoError(int number) : number_(number) {}
  static IoError End() { return IoError(kEnd); }

  explicit operator bool() const { return number_ != 0; }
  // Nothing more comes in, or goes out, just now.
  bool is_dry() const { return number_ == EAGAIN; }
  // The other side has ended the connection.
  bool is_end() const { return number_ == kEnd; }
  // A connection is being made.
  bool is_under_way() const { return number_ == EINPROGRESS; }
  // The process has no descriptor, memory or watch left, or the system; it may
  // pass.
  bool is_shortage() const;
  int number() const { return number_; }
  std::string message() const;

 private:
  static constexpr int kEnd = -1;
  int number_ = 0;  // An errno.
};

class Socket {
 public:
  using Room = std::span<std::byte>;
  using Bytes = std::span<const std::byte>;
  static constexpr std::size_t kPartsMax = 64;  // Of one read or write.

  Socket();  // Closed.
  // Takes over `descriptor`, which does not block.
  Socket(Reactor::Backend& backend, int descriptor);
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();

  // Not connected yet.
  static Socket Open(Reactor::Backend& backend, int family, IoError& error);
  // Begins to connect. While is_under_way, AwaitWritable tells when Outcome has
  // something to say.
  static Socket Connect(Reactor::Backend& backend, const Endpoint& to,
                        IoError& error);
  IoError Outcome() const;

  int descriptor() const { return descriptor_; }
  bool is_unix() const;
  void Close();

  // What there is now; less than there is room for: that was all, unless the
  // connection has_hung_up.
  std::size_t Read(std::span<const Room> into, IoError& error) const;
  // What the system takes now.
  std::size_t Write(std::span<const Bytes> from, IoError& error) const;

  // Both tell when there may be more to Read, if there was no more when they
  // were called. OnReadable does so each time, and the first time soon; what it
  // calls must not own this socket, and needs what it refers to as long as this
  // is open.
  void OnReadable(std::function<void()> tell);
  void AwaitReadable(std::function<void()> tell);
  // As if there were more, after others had a turn. After OnReadable.
  void ReadOn() const;

  // Tells once when Write may take more, if it took no more when this was
  // called.
  void AwaitWritable(std::function<void()> tell);
  // A Unix socket is "writable again" whenever the other side reads, so after
  // one blocked write every frame would wake its sender: to be called when
  // nothing waits any more.
  void IgnoreWritable();

  // The end of what can be read is in sight.
  bool has_hung_up() const;

 private:
  class Ear;

  Ear& EarFor(std::uint32_t events);

  Reactor::Backend* backend_ = nullptr;
  int descriptor_ = -1;
  std::unique_ptr<Ear> ear_;  // Once it was asked to tell.
};

// Sets what every connection of ours has: no delay, and a kernel buffer that is
// short enough for a small frame behind a large one.
void Tune(const Socket& socket);

}  // namespace taskgraph::transport
