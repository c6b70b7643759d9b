// SPDX-License-Identifier: Apache-2.0
//
// The transport between nodes of one process: frames are handed over, never
// copied.
//
// Threads: the network is thread-safe; each transport belongs to the loop of
// its own reactor, which may be shared, and runs its sink and its log there.
#pragma once

#include <memory>

#include "transport/reactor.h"
#include "transport/transport.h"

namespace taskgraph::transport {

// A world of its own: transports of two networks do not see each other.
// Addresses are "inproc:NAME".
class InProcessNetwork {
 public:
  InProcessNetwork();
  ~InProcessNetwork();

  // `reactor` must outlive the transport; the network need not.
  std::unique_ptr<Transport> MakeTransport(Reactor& reactor, Options options,
                                           Sink sink);

 private:
  class Exchange;
  class Station;
  std::shared_ptr<Exchange> exchange_;
};

}  // namespace taskgraph::transport
