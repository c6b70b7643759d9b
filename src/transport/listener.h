// SPDX-License-Identifier: Apache-2.0
//
// Listener: accepts connections at one address.
//
// A Unix socket leaves a file behind when its process is killed. Such a file is
// removed when nobody answers at it, and ours when we go, unless it has become
// someone else's.
#pragma once

#include <asio.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "taskgraph/error.h"
#include "transport/socket.h"

namespace taskgraph::transport {

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  struct Hooks {
    std::function<void(Socket)> accepted;
    std::function<void(std::string_view)> log;
  };

  // Starts to accept. The error says which address, and why not.
  static Result<std::shared_ptr<Listener>> Open(asio::io_context& io,
                                                const Address& address,
                                                Hooks hooks);
  Listener(asio::io_context& io, Hooks hooks)
      : acceptor_(io), hooks_(std::move(hooks)) {}
  ~Listener() { Close(); }

  const Address& address() const { return address_; }

  // Tries again after the system had no descriptor or memory left; says
  // whether it has to be called again for that.
  enum class State { kAccepting, kPaused };
  State Tick();

  void Close();

 private:
  using Acceptor = asio::basic_socket_acceptor<Protocol>;

  asio::error_code Bind(const Endpoint& endpoint);
  asio::error_code BindUnix(const UnixAddress& address);
  asio::error_code BindTcp(TcpAddress address);
  void Accept();
  void Accepted(const asio::error_code& error, Socket socket);

  Acceptor acceptor_;
  Hooks hooks_;
  Address address_;
  State state_ = State::kAccepting;
  bool complained_ = false;  // Once for each shortage.

  // The file of a Unix socket, and which one it was when it was ours.
  std::string path_;
  std::uint64_t inode_ = 0;
};

}  // namespace taskgraph::transport
