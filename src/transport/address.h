// SPDX-License-Identifier: Apache-2.0
//
// Addresses: where a node listens, taken apart.
//
// Intuition: "tcp:HOST:PORT" reaches a node from anywhere, "unix:PATH" only on
// its own host, and there faster. A node publishes both; whoever dials it takes
// the first that can work from where it is.
//
// Pure, but for ChooseAddress, which looks whether a path exists.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "taskgraph/error.h"
#include "transport/transport.h"

namespace taskgraph::transport {

// An IPv6 host is written in brackets: "tcp:[::1]:7000".
struct TcpAddress {
  std::string host;  // Without brackets; a name or a number.
  std::uint16_t port = 0;
};

struct UnixAddress {
  std::string path;
};

struct InProcessAddress {
  std::string name;
};

using ParsedAddress = std::variant<TcpAddress, UnixAddress, InProcessAddress>;

// The system's limit, without the closing zero.
inline constexpr std::size_t kUnixPathBytesMax = 107;

// kInvalidArgument, with what would be right, for anything else.
Result<ParsedAddress> ParseAddress(const Address& address);

std::string Format(const TcpAddress& address);

// The first address that this host can use; if there is none, the last one, so
// that dialing it says what is wrong. `addresses` must not be empty.
const Address& ChooseAddress(const std::vector<Address>& addresses);

}  // namespace taskgraph::transport
