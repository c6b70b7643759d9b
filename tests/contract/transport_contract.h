// SPDX-License-Identifier: Apache-2.0
//
// The contract of every transport: a small world of nodes to try it in. The
// cases are in transport_contract.cc, what is peculiar to sockets in
// socket_contract_test.cc.
//
// All nodes of a world share one reactor and one thread; time enters only as a
// guard that ends a hanging case.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "transport/reactor.h"
#include "transport/transport.h"

namespace taskgraph::transport {

// One implementation, as the contract sees it.
class TransportKind {
 public:
  virtual ~TransportKind() = default;
  virtual std::unique_ptr<Transport> Make(Reactor& reactor, Options options,
                                          Sink sink) = 0;
  // To listen at.
  virtual Address NewAddress() = 0;
  // Nobody listens there.
  virtual Address DeadAddress() = 0;
};

struct NamedKind {
  std::string name;
  std::function<std::unique_ptr<TransportKind>()> make;
  Duration busy_poll{};  // Of the reactor that it runs on.
};
inline std::ostream& operator<<(std::ostream& out, const NamedKind& kind) {
  return out << kind.name;
}
extern const NamedKind kInProcess;
extern const NamedKind kUnix;
extern const NamedKind kBusyUnix;
extern const NamedKind kTcp;
extern const NamedKind kTls;

inline Frame TextFrame(std::string head, std::string body = {}) {
  return {std::move(head), Payload::Own(std::move(body))};
}

// A transport, and all it has told.
class Node {
 public:
  Node(TransportKind& kind, Reactor& reactor, Options options)
      : id(options.self) {
    options.log = [this](std::string_view line) { log.emplace_back(line); };
    transport = kind.Make(reactor, std::move(options), [this](Event event) {
      events.push_back(std::move(event));
    });
    address = transport->Listen(kind.NewAddress()).value();
  }

  // How often it was told E, of whichever peer.
  template <typename E>
  std::size_t Count() const {
    std::size_t count = 0;
    for (const Event& event : events) count += std::holds_alternative<E>(event);
    return count;
  }

  // The last E it was told; null if none.
  template <typename E>
  const E* Last() const {
    for (auto at = events.rbegin(); at != events.rend(); ++at) {
      if (const E* found = std::get_if<E>(&*at)) return found;
    }
    return nullptr;
  }

  std::vector<std::string> Heads() const {
    std::vector<std::string> heads;
    for (const Event& event : events) {
      const auto* arrived = std::get_if<FrameArrived>(&event);
      if (arrived) heads.push_back(arrived->frame.head);
    }
    return heads;
  }

  SendOutcome Send(const Node& to, Frame frame) {
    return transport->Send(to.id, std::move(frame));
  }

  NodeId id;
  std::deque<Event> events;
  std::vector<std::string> log;
  std::unique_ptr<Transport> transport;
  Address address;
};

class World {
 public:
  explicit World(const NamedKind& kind)
      : reactor(kind.busy_poll), kind_(kind.make()) {}

  // Heartbeats that a loaded machine does not miss, and that come too late to
  // push on what got stuck; cases about silence choose their own.
  static Options DefaultOptions(NodeId self) {
    Options options;
    options.job = "job";
    options.token = "token";
    options.self = std::move(self);
    options.heartbeat_interval = std::chrono::hours(1);
    options.heartbeat_timeout = std::chrono::hours(2);
    options.connect_timeout = std::chrono::seconds(20);
    return options;
  }

  Node& Add(NodeId id) { return Add(DefaultOptions(std::move(id))); }
  Node& Add(Options options) {
    nodes_.push_back(std::make_unique<Node>(*kind_, reactor, options));
    return *nodes_.back();
  }
  void Kill(const Node& node) {
    std::erase_if(nodes_, [&](const auto& n) { return n.get() == &node; });
  }

  static void Introduce(Node& a, const Node& b) {
    a.transport->SetAddresses(b.id, {b.address});
  }
  static void Acquaint(Node& a, Node& b) {
    Introduce(a, b);
    Introduce(b, a);
  }

  // Runs until `done`; false after a time in which anything alive is done.
  [[nodiscard]] bool RunUntil(const std::function<bool()>& done) {
    using Clock = std::chrono::steady_clock;
    const auto guard = Clock::now() + std::chrono::seconds(60);
    while (!done()) {
      if (Clock::now() > guard) return false;
      reactor.Poll(std::chrono::milliseconds(10));
    }
    return true;
  }

  TransportKind& kind() { return *kind_; }

  Reactor reactor;

 private:
  std::unique_ptr<TransportKind> kind_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

class TransportContract : public testing::TestWithParam<NamedKind> {
 protected:
  World world{GetParam()};
};

}  // namespace taskgraph::transport
