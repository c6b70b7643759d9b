// SPDX-License-Identifier: Apache-2.0
//
// Dial: one attempt to reach a node, from the address to its answer to our
// hello.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "transport/hello.h"
#include "transport/resolver.h"
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
  // `tls`, if any, seals what is not a Unix socket; it and `resolver` must
  // outlive this.
  Dial(Reactor::Backend& backend, Resolver& resolver, Hello hello,
       int beats_max, Tls* tls)
      : backend_(backend),
        resolver_(resolver),
        hello_(std::move(hello)),
        beats_left_(beats_max),
        tls_(tls) {}

  // Begins. `done` is called once, from within a Poll, unless cancelled.
  void Start(const std::vector<Address>& addresses, Done done);
  void Tick();
  void Cancel();

  const Hello& hello() const { return hello_; }

 private:
  void Reach(const Address& address);
  void Resolve(const TcpAddress& address);
  void Try(std::size_t index);
  void Tried(std::size_t index, const IoError& error);
  void Greet();
  void Introduce();
  void Answered(Result<Hello> answer);
  void Refused(const Error& error);
  void Fail(BreakReason reason, const std::string& why);
  void Finish(DialResult result);

  Reactor::Backend& backend_;
  Resolver& resolver_;
  const Hello hello_;
  int beats_left_;
  Tls* const tls_;
  Done done_;  // Empty once finished or cancelled.
  std::string where_;
  bool by_shortage_ = false;
  Stream stream_{Socket()};
  std::shared_ptr<void> lookup_;  // While a name is looked up.
  std::vector<Endpoint> endpoints_;
};

}  // namespace taskgraph::transport
