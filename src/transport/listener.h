// SPDX-License-Identifier: Apache-2.0
//
// Listener: accepts connections at one address.
//
// A Unix socket leaves a file behind when its process is killed. Such a file is
// removed when nobody answers at it, and ours when we go, unless it has become
// someone else's.
#pragma once

#include <cstdint>
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
    std::function<void()> paused;  // Tick is to be called.
  };

  // Starts to accept. The error says which address, and why not.
  static Result<std::shared_ptr<Listener>> Open(Reactor::Backend& backend,
                                                const Address& address,
                                                Hooks hooks);
  Listener(Reactor::Backend& backend, Hooks hooks)
      : backend_(backend), hooks_(std::move(hooks)) {}
  ~Listener() { Close(); }

  const Address& address() const { return address_; }

  // Tries again after the system had no descriptor or memory left; says
  // whether it has to be called again for that.
  enum class State { kAccepting, kPaused };
  State Tick();

  void Close();

 private:
  // Each returns what is wrong, or nothing.
  std::string Begin();
  std::string Bind(const UnixAddress& address);
  std::string Bind(const TcpAddress& address);
  IoError Bind(const Endpoint& endpoint);
  void Accept();
  void Pause(const IoError& error);

  Reactor::Backend& backend_;
  Socket door_;
  Hooks hooks_;
  Address address_;
  State state_ = State::kAccepting;
  bool complained_ = false;  // Once for each shortage.

  // The file of a Unix socket, and which one it was when it was ours.
  std::string path_;
  std::uint64_t inode_ = 0;
};

}  // namespace taskgraph::transport
