// SPDX-License-Identifier: Apache-2.0
//
// Intuition: one table of stations and pipes behind one lock. Everything that
// reaches a station is posted to its reactor while the lock is held; so all
// stations see one order, and nothing of an old pipe comes after its end.
#include "transport/in_process.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "threads/mutex.h"
#include "transport/hello.h"

namespace taskgraph::transport {
namespace {

// Where a station hears of things; closed on its own loop when it goes.
struct Ear {
  Reactor& reactor;
  const Options options;
  Sink sink;  // Empty once closed.
};

// One direction of a pipe: bytes sent and not yet heard.
struct Lane {
  std::uint64_t bytes = 0;
  bool full = false;
};

struct Pipe {
  Lane from_first;  // From the one with the lesser name.
  Lane from_second;
};

}  // namespace

class InProcessNetwork::Exchange
    : public std::enable_shared_from_this<Exchange> {
 public:
  void Enter(const std::shared_ptr<Ear>& ear) {
    const threads::Lock lock(mutex_);
    stations_[ear->options.self] = ear;
  }

  Result<Address> Listen(const std::shared_ptr<Ear>& ear,
                         const Address& address) {
    if (!address.starts_with("inproc:")) {
      return Error{ErrorCode::kInvalidArgument,
                   "cannot listen at \"" + address +
                       "\" within a process; write inproc:NAME"};
    }
    const threads::Lock lock(mutex_);
    if (!listening_.try_emplace(address, ear).second) {
      return Error{ErrorCode::kUnavailable,
                   "cannot listen at \"" + address + "\": it is in use"};
    }
    return address;
  }

  void Leave(const std::shared_ptr<Ear>& ear) {
    const threads::Lock lock(mutex_);
    ear->sink = nullptr;
    const NodeId& self = ear->options.self;
    const auto at = stations_.find(self);
    if (at != stations_.end() && at->second == ear) stations_.erase(at);
    std::erase_if(listening_,
                  [&](const auto& entry) { return entry.second == ear; });
    std::erase_if(pipes_, [&](const auto& entry) {
      mutex_.AssertHeld();
      const auto& [first, second] = entry.first;
      if (first != self && second != self) return false;
      Tell(first == self ? second : first,
           PeerBroken{self, BreakReason::kReset, "the node is gone"});
      return true;
    });
  }

  SendOutcome Send(const std::shared_ptr<Ear>& from, const NodeId& to,
                   const std::vector<Address>& addresses, Frame&& frame) {
    const threads::Lock lock(mutex_);
    const Options& options = from->options;
    const std::shared_ptr<Pipe> pipe = Reach(from, to, addresses);
    if (!pipe) return SendOutcome::kAccepted;  // PeerBroken follows.
    const std::uint64_t size = frame.head.size() + frame.body.size();
    Lane& lane = LaneFrom(*pipe, options.self, to);
    if (lane.bytes > 0 && lane.bytes + size > options.queue_bytes_max) {
      lane.full = true;
      return SendOutcome::kQueueFull;
    }
    lane.bytes += size;
    Carry(pipe, options.self, to, std::move(frame));
    return SendOutcome::kAccepted;
  }

  void Probe(const std::shared_ptr<Ear>& from, const NodeId& node,
             const std::vector<Address>& addresses) {
    using enum PeerProbed::Verdict;
    const threads::Lock lock(mutex_);
    PeerProbed probed{node, kSilent};
    if (!addresses.empty()) {
      const std::shared_ptr<Ear> host = HostAt(addresses);
      const bool itself =
          host &&
          Judge(Introduce(from->options, node), host->options).verdict ==
              Verdict::kAccepted;
      probed.verdict = itself ? kAlive : kGone;
    }
    Tell(from->options.self, std::move(probed));
  }

  void Close(const NodeId& self, const NodeId& node) {
    const threads::Lock lock(mutex_);
    if (pipes_.erase(std::minmax(self, node)) == 0) return;
    Tell(self, PeerBroken{node, BreakReason::kClosed, "closed by this side"});
    Tell(node, PeerBroken{self, BreakReason::kReset, "closed by the node"});
  }

  void TellLater(const NodeId& node, Event event) {
    const threads::Lock lock(mutex_);
    Tell(node, std::move(event));
  }

 private:
  using Ends = std::pair<NodeId, NodeId>;

  static Lane& LaneFrom(Pipe& pipe, const NodeId& from, const NodeId& to) {
    return from < to ? pipe.from_first : pipe.from_second;
  }

  static Hello Introduce(const Options& guest, const NodeId& expected) {
    Hello hello;
    hello.job = guest.job;
    hello.node = guest.self;
    hello.expected = expected;
    hello.token = guest.token;
    return hello;
  }

  static void Deliver(Ear& ear, Event event) {
    if (ear.sink) ear.sink(std::move(event));
  }

  void Tell(const NodeId& node, Event event) TASKGRAPH_REQUIRES(mutex_) {
    const auto at = stations_.find(node);
    if (at == stations_.end()) return;
    at->second->reactor.Post(
        [ear = at->second, event = std::move(event)]() mutable {
          Deliver(*ear, std::move(event));
        });
  }

  std::shared_ptr<Ear> HostAt(const std::vector<Address>& addresses) const
      TASKGRAPH_REQUIRES(mutex_) {
    for (const Address& address : addresses) {
      const auto at = listening_.find(address);
      if (at != listening_.end()) return at->second;
    }
    return nullptr;
  }

  // The pipe to `to`, laid if need be; null: it can't be, which was told.
  std::shared_ptr<Pipe> Reach(const std::shared_ptr<Ear>& from,
                              const NodeId& to,
                              const std::vector<Address>& addresses)
      TASKGRAPH_REQUIRES(mutex_) {
    const NodeId& self = from->options.self;
    const auto at = pipes_.find(std::minmax(self, to));
    if (at != pipes_.end()) return at->second;
    const auto refuse = [&](BreakReason reason, std::string detail) {
      mutex_.AssertHeld();
      Tell(self, PeerBroken{to, reason, std::move(detail)});
      return nullptr;
    };
    if (addresses.empty()) {
      return refuse(BreakReason::kUnreachable, "no address");
    }
    const std::shared_ptr<Ear> host = HostAt(addresses);
    if (!host) return refuse(BreakReason::kRefused, "nobody listens there");
    const Hello answer = Judge(Introduce(from->options, to), host->options);
    if (answer.verdict == Verdict::kAccepted) return Lay(self, to);
    LogAt(host, "a node was turned away: " + answer.detail);
    return refuse(answer.verdict == Verdict::kWrongNode
                      ? BreakReason::kRefused
                      : BreakReason::kTurnedAway,
                  "node \"" + to + "\" turned us away: " + answer.detail);
  }

  std::shared_ptr<Pipe> Lay(const NodeId& self, const NodeId& to)
      TASKGRAPH_REQUIRES(mutex_) {
    auto pipe = std::make_shared<Pipe>();
    pipes_[std::minmax(self, to)] = pipe;
    Tell(self, PeerConnected{to});
    Tell(to, PeerConnected{self});
    return pipe;
  }

  void LogAt(const std::shared_ptr<Ear>& host, std::string line) {
    if (!host->options.log) return;
    host->reactor.Post([host, line = std::move(line)] {
      if (host->sink) host->options.log(line);
    });
  }

  void Carry(const std::shared_ptr<Pipe>& pipe, const NodeId& from,
             const NodeId& to, Frame frame) TASKGRAPH_REQUIRES(mutex_) {
    const auto at = stations_.find(to);
    if (at == stations_.end()) return;
    at->second->reactor.Post([self = shared_from_this(), ear = at->second, pipe,
                              from, frame = std::move(frame)]() mutable {
      self->Unload(pipe, from, ear->options.self, frame);
      Deliver(*ear, FrameArrived{from, std::move(frame)});
    });
  }

  // Runs on the loop of `to`.
  void Unload(const std::shared_ptr<Pipe>& pipe, const NodeId& from,
              const NodeId& to, const Frame& frame) {
    const threads::Lock lock(mutex_);
    Lane& lane = LaneFrom(*pipe, from, to);
    lane.bytes -= frame.head.size() + frame.body.size();
    const auto sender = stations_.find(from);
    if (!lane.full || sender == stations_.end()) return;
    if (lane.bytes > sender->second->options.queue_bytes_max / 2) return;
    lane.full = false;
    const auto at = pipes_.find(std::minmax(from, to));
    if (at != pipes_.end() && at->second == pipe) Tell(from, PeerWritable{to});
  }

  threads::Mutex mutex_;
  std::unordered_map<NodeId, std::shared_ptr<Ear>> stations_
      TASKGRAPH_GUARDED_BY(mutex_);
  std::unordered_map<Address, std::shared_ptr<Ear>> listening_
      TASKGRAPH_GUARDED_BY(mutex_);
  std::map<Ends, std::shared_ptr<Pipe>> pipes_ TASKGRAPH_GUARDED_BY(mutex_);
};

class InProcessNetwork::Station final : public Transport {
 public:
  Station(std::shared_ptr<Exchange> exchange, std::shared_ptr<Ear> ear)
      : exchange_(std::move(exchange)), ear_(std::move(ear)) {
    exchange_->Enter(ear_);
  }
  ~Station() override { exchange_->Leave(ear_); }

  Result<Address> Listen(const Address& address) override {
    return exchange_->Listen(ear_, address);
  }

  void SetAddresses(const NodeId& peer,
                    std::vector<Address> addresses) override {
    addresses_[peer] = std::move(addresses);
    if (addresses_[peer].empty()) addresses_.erase(peer);
  }

  SendOutcome Send(const NodeId& peer, Frame&& frame) override {
    const Options& options = ear_->options;
    if (frame.head.size() > options.head_bytes_max ||
        frame.body.size() > options.body_bytes_max) {
      return SendOutcome::kTooLarge;
    }
    if (peer == options.self) {
      exchange_->TellLater(peer, PeerBroken{peer, BreakReason::kTurnedAway,
                                            "a node has no pipe to itself"});
      return SendOutcome::kAccepted;
    }
    return exchange_->Send(ear_, peer, AddressesOf(peer), std::move(frame));
  }

  void Probe(const NodeId& peer) override {
    exchange_->Probe(ear_, peer, AddressesOf(peer));
  }

  void Close(const NodeId& peer) override {
    exchange_->Close(ear_->options.self, peer);
  }

 private:
  const std::vector<Address>& AddressesOf(const NodeId& peer) const {
    static const std::vector<Address> kNone;
    const auto at = addresses_.find(peer);
    return at == addresses_.end() ? kNone : at->second;
  }

  std::shared_ptr<Exchange> exchange_;
  std::shared_ptr<Ear> ear_;
  std::unordered_map<NodeId, std::vector<Address>> addresses_;
};

InProcessNetwork::InProcessNetwork()
    : exchange_(std::make_shared<Exchange>()) {}
InProcessNetwork::~InProcessNetwork() = default;

std::unique_ptr<Transport> InProcessNetwork::MakeTransport(Reactor& reactor,
                                                           Options options,
                                                           Sink sink) {
  auto ear =
      std::make_shared<Ear>(Ear{reactor, std::move(options), std::move(sink)});
  return std::make_unique<Station>(exchange_, std::move(ear));
}

}  // namespace taskgraph::transport
