// SPDX-License-Identifier: Apache-2.0
//
// Network: pipes between processes, with the transport's contract
// (transport/transport.h) and everything that may go wrong within it.
//
// Intuition: pneumatic post. Between two houses lies at most one pipe; what
// goes in comes out in order, until the pipe breaks. Then all that was in it is
// gone, and each end hears of it in its own time; who sends before he has heard
// sends into the void. A house that was blown up refuses, one that is asleep or
// cut off is silent.
//
// Not thread-safe.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "core/assignment.h"
#include "sim/agenda.h"
#include "sim/random.h"
#include "transport/transport.h"

namespace taskgraph::sim {

using core::NodeId;

struct NetworkOptions {
  Duration delay_min = std::chrono::microseconds(50);
  Duration delay_max = std::chrono::milliseconds(2);
  // Until an end of a broken pipe hears of it.
  Duration notice_max = std::chrono::milliseconds(20);
  // The share of frames with bodies that later ones overtake, as large ones
  // may.
  double overtaken = 0;
  Duration heartbeat_timeout = std::chrono::seconds(1);
  Duration connect_timeout = std::chrono::seconds(1);
};

// What a broken transport would do; for tests of the tests.
struct NetworkSabotage {
  double duplicate = 0;  // A frame comes out twice.
  double drop = 0;       // A frame is lost, and the pipe stays.
  double reorder = 0;    // A frame overtakes those before it.
};

class Network {
 public:
  // Called when an event reaches a process; it may be asleep.
  using Deliver = std::function<void(const NodeId& to, transport::Event)>;

  Network(Agenda& agenda, Random& random, NetworkOptions options,
          Deliver deliver)
      : agenda_(agenda),
        random_(random),
        options_(options),
        deliver_(std::move(deliver)) {}

  // --- The life of processes ---
  void Start(const NodeId& node) { nodes_[node] = {}; }
  void Stop(const NodeId& node);
  void Sleep(const NodeId& node);
  void Wake(const NodeId& node);

  // --- What a transport is asked for ---
  void Send(const NodeId& from, const NodeId& to, transport::Frame frame);
  void SetAddresses(const NodeId& self, const NodeId& peer,
                    const std::vector<std::string>& addresses);
  void Probe(const NodeId& self, const NodeId& peer);

  // --- Harm ---
  // Nothing gets from one to the other until Mend.
  void Cut(const NodeId& from, const NodeId& to);
  void Mend(const NodeId& from, const NodeId& to);
  void MendAll();
  // Resets the connection, and loses what is under way.
  void Break(const NodeId& a, const NodeId& b);
  void Sabotage(NetworkSabotage sabotage) { sabotage_ = sabotage; }

  std::uint64_t frames_lost() const { return frames_lost_; }

 private:
  struct Pipe {
    std::array<NodeId, 2> ends;
    bool laid = false;
    bool broken = false;
    std::uint64_t troubles = 0;  // Renewed when a silence ends.
    // By sender: not laid yet, or cut off.
    std::array<std::deque<transport::Frame>, 2> waiting;
  };
  using PipePtr = std::shared_ptr<Pipe>;
  using Pair = std::pair<NodeId, NodeId>;
  struct Node {
    bool asleep = false;
    std::set<NodeId> addresses;       // Whom it knows how to reach.
    std::map<NodeId, PipePtr> pipes;  // As far as it has heard.
    std::map<NodeId, Time> heard_at;  // Events about a peer keep their order.
  };

  static Pair PairOf(const NodeId& a, const NodeId& b) {
    return a < b ? Pair{a, b} : Pair{b, a};
  }
  static int Side(const Pipe& pipe, const NodeId& node) {
    return pipe.ends[0] == node ? 0 : 1;
  }
  Node* Find(const NodeId& node);
  bool IsCut(const NodeId& from, const NodeId& to) const {
    return cuts_.contains({from, to});
  }
  bool IsSilent(const NodeId& from, const NodeId& to);

  Duration Delay() {
    return random_.Between(options_.delay_min, options_.delay_max);
  }
  void Tell(const NodeId& to, const NodeId& about, Duration delay,
            std::function<void()> arrive);
  void Dial(const NodeId& from, const NodeId& to);
  void Lay(const PipePtr& pipe);
  void GiveUp(const PipePtr& pipe, transport::BreakReason reason);
  void Carry(const PipePtr& pipe, int side, transport::Frame frame);
  void Arrive(const PipePtr& pipe, int side, transport::Frame frame);
  void BreakPipe(const PipePtr& pipe, transport::BreakReason reason);
  void TellBroken(const PipePtr& pipe, int side, transport::BreakReason reason);
  void WatchSilence(const NodeId& a, const NodeId& b);
  void Recover(const PipePtr& pipe);
  void Unblock(const NodeId& a, const NodeId& b);

  Agenda& agenda_;
  Random& random_;
  NetworkOptions options_;
  Deliver deliver_;
  NetworkSabotage sabotage_;
  std::map<NodeId, Node> nodes_;
  std::map<Pair, PipePtr> pipes_;
  std::set<Pair> cuts_;  // From, to.
  std::uint64_t frames_lost_ = 0;
};

}  // namespace taskgraph::sim
