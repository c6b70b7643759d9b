// SPDX-License-Identifier: Apache-2.0
//
// LeaseKeeper: keeps this client's leases alive, and notices when one is lost.
//
// Intuition: parking tickets and one's own watch. Each ticket is renewed when a
// third of its time is over; if the machine gives none until the time is up,
// the car counts as towed, whatever may be true.
//
// All functions with the loop's mutex held.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>

#include "coordination/coordinator.h"
#include "coordination/etcd/client_stream.h"
#include "coordination/etcd/connection.h"
#include "coordination/etcd/convert.h"

namespace taskgraph::coordination {

class LeaseKeeper {
 public:
  explicit LeaseKeeper(Connection& connection) : connection_(connection) {}

  // `asked_at`: when the grant was asked for; the lease may be as old.
  void Keep(LeaseId lease, std::chrono::seconds time_to_live,
            Clock::time_point asked_at);

  // Whether it was kept.
  bool Forget(LeaseId lease);

  // An endpoint is usable, perhaps another one than before.
  void Resume();

  // Keeps none any more.
  void End();

 private:
  using Stream =
      ClientStream<pb::LeaseKeepAliveRequest, pb::LeaseKeepAliveResponse>;

  struct Kept {
    std::chrono::seconds time_to_live{0};
    Clock::time_point deadline{};
    // When the keep-alives without an answer yet were sent, oldest first.
    std::deque<Clock::time_point> unanswered;
    CompletionLoop::TimerId timer{};
  };

  void Tick(LeaseId lease);
  void Send(LeaseId lease, Kept& kept);
  void Lose(LeaseId lease);
  void EnsureStream();
  void CloseStream();
  void Arrived(const pb::LeaseKeepAliveResponse& response);

  Connection& connection_;
  std::map<LeaseId, Kept> leases_;
  std::shared_ptr<Stream> stream_;
};

}  // namespace taskgraph::coordination
