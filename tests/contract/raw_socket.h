// SPDX-License-Identifier: Apache-2.0
//
// RawSocket: the other side of a connection as someone else might write it.
#pragma once

#include <string>
#include <string_view>

#include "transport/transport.h"

namespace taskgraph::transport {

class RawSocket {
 public:
  // Connects to what a transport listens at.
  static RawSocket To(const Address& address);

  explicit RawSocket(int fd) : fd_(fd) {}
  RawSocket(RawSocket&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  RawSocket& operator=(RawSocket&&) = delete;
  ~RawSocket();

  // Writes what fits without blocking.
  void Write(std::string_view bytes);

  // Reads what is there; true once the other side has ended the connection.
  bool Ended();

  const std::string& received() const { return received_; }

 private:
  int fd_;
  std::string received_;
};

// Listens at "unix:PATH" or "tcp:127.0.0.1:0", but speaks no protocol.
class RawListener {
 public:
  explicit RawListener(const Address& address);
  RawListener(const RawListener&) = delete;
  RawListener& operator=(const RawListener&) = delete;
  ~RawListener();

  // Where it listens.
  const Address& address() const { return address_; }

  // Accepts one connection, which must have been begun.
  RawSocket Accept();

 private:
  int fd_;
  Address address_;
};

}  // namespace taskgraph::transport
