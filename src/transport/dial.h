// SPDX-License-Identifier: Apache-2.0
//
// Dial: one attempt to reach a node, from the address to its answer to our
// hello.
#pragma once

#include <asio.hpp>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "transport/hello.h"
#include "transport/stream.h"

namespace taskgraph::transport {

// The host has answered, whatever it says.
struct DialAnswered {
  Stream stream;
  Hello answer;
};
struct DialFailed {
  BreakReason reason;
  std::string detail;
  // This process is out of descriptors: nothing was learned of the other one.
  bool by_shortage = false;
};
using DialResult = std::variant<DialAnswered, DialFailed>;

class Dial : public std::enable_shared_from_this<Dial> {
 public:
  using Done = std::function<void(DialResult)>;

  // Fails with kUnreachable after `beats_max` ticks.
  // `tls`, if any, seals what is not a Unix socket, and must outlive it.
  Dial(asio::io_context& io, Hello hello, int beats_max, Tls* tls)
      : io_(io),
        hello_(std::move(hello)),
        beats_left_(beats_max),
        tls_(tls),
        stream_(Socket(io)),
        resolver_(io) {}

  // Begins. `done` is called once, from within a Poll, unless cancelled.
  void Start(const std::vector<Address>& addresses, Done done);
  void Tick();
  void Cancel();

  const Hello& hello() const { return hello_; }

 private:
  void Reach(const Address& address);
  void Resolve(const TcpAddress& address);
  void Try(std::size_t index);
  void TryUnix(const Endpoint& endpoint);
  void Tried(std::size_t index, const asio::error_code& error);
  void Greet();
  void Introduce();
  void Answered(Result<Hello> answer);
  void Refused(const Error& error);
  void Fail(BreakReason reason, const std::string& why);
  void Finish(DialResult result);

  asio::io_context& io_;
  const Hello hello_;
  int beats_left_;
  Tls* const tls_;
  Done done_;  // Empty once finished or cancelled.
  std::string where_;
  bool by_shortage_ = false;
  Stream stream_;
  asio::ip::tcp::resolver resolver_;
  std::vector<Endpoint> endpoints_;
};

}  // namespace taskgraph::transport
