// SPDX-License-Identifier: Apache-2.0
//
// Proxy: a TCP proxy on the way between two hosts, which can be slow, and can
// break what it carries.
//
// Intuition: the kernel at hand can drop packets, but not hold them back. So
// the connections of a host are diverted to a process there, which makes the
// same connection on, and carries bytes in both directions, each after a while
// that it draws for each connection and direction: so what is said on one
// connection overtakes what was said before on another. A stream's own bytes
// can be neither reordered nor doubled by anybody who speaks TCP; what comes
// nearest is to break a connection when bytes have arrived and their answer has
// not, so that they must be said again on the next one.
//
// One thread; ends with its parent.
#pragma once

#include <cstdint>
#include <string>

namespace taskgraph::storm {

// What a proxy is told by the file that it reads again and again; 0 0: nothing
// is to be done but carry.
struct ProxyOrders {
  int delay_ms_max = 0;
  int break_every_ms = 0;
};
void WriteOrders(const std::string& file, const ProxyOrders& orders);

// Listens on `port` of this network namespace, for connections that its packet
// filter diverts there. Does not return.
[[noreturn]] void RunProxy(int port, const std::string& orders_file,
                           std::uint64_t seed);

}  // namespace taskgraph::storm
