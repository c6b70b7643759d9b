// SPDX-License-Identifier: Apache-2.0
//
// The transport over TCP and Unix sockets.
//
// Addresses: "tcp:HOST:PORT", "unix:PATH". Events come from within
// Reactor::Poll, never from within a call of the transport. All calls are made
// by who holds the reactor's loop.
#pragma once

#include <memory>

#include "transport/reactor.h"
#include "transport/transport.h"

namespace taskgraph::transport {

// `reactor` must outlive the transport, and be polled for it to do anything.
std::unique_ptr<Transport> MakeSocketTransport(Reactor& reactor,
                                               Options options, Sink sink);

}  // namespace taskgraph::transport
