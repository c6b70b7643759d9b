// SPDX-License-Identifier: Apache-2.0
//
// Socket: a connected TCP or Unix stream; above this file they are the same.
#pragma once

#include <asio.hpp>
#include <functional>
#include <optional>
#include <string>

#include "transport/address.h"

namespace taskgraph::transport {

using Protocol = asio::generic::stream_protocol;
using Socket = Protocol::socket;
using Endpoint = Protocol::endpoint;

// None: the host is a name, which has to be resolved first.
std::optional<Endpoint> LiteralEndpoint(const TcpAddress& address);
Endpoint EndpointOf(const UnixAddress& address);

// The process has no descriptor or memory left, or the system; it may pass.
bool OutOfResources(const asio::error_code& error);

// Sets what every connection of ours has: no blocking, no delay, and a kernel
// buffer that is short enough for a small frame behind a large one.
void Tune(Socket& socket);

// Tells when a socket takes bytes again.
//
// Asio asks epoll for writability once and then for good; and a Unix socket is
// "writable again" whenever the other side reads, so that after one blocked
// write every frame would wake its sender. The gate waits on a descriptor of
// its own, which is let go when the queue is empty.
class WriteGate {
 public:
  explicit WriteGate(Socket& socket) : socket_(socket) {}
  WriteGate(const WriteGate&) = delete;
  WriteGate& operator=(const WriteGate&) = delete;
  ~WriteGate() { LetGo(); }

  void Await(std::function<void(const asio::error_code&)> opened);
  void LetGo();

 private:
  Socket& socket_;
  std::optional<asio::posix::stream_descriptor> twin_;
};

// Who is at the other end, for log lines.
std::string RemoteName(const Socket& socket);

}  // namespace taskgraph::transport
