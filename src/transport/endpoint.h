// SPDX-License-Identifier: Apache-2.0
//
// Endpoint: an address as the system wants it; and names, looked up.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

#include "taskgraph/error.h"
#include "transport/address.h"

namespace taskgraph::transport {

class Endpoint {
 public:
  Endpoint() = default;
  Endpoint(const sockaddr& address, socklen_t size);
  explicit Endpoint(const UnixAddress& address);

  // Of a socket's own end, and of the other one.
  static Endpoint Local(int descriptor);
  static Endpoint Remote(int descriptor);

  const sockaddr& address() const {
    return reinterpret_cast<const sockaddr&>(storage_);
  }
  socklen_t size() const { return size_; }
  int family() const { return storage_.ss_family; }
  std::uint16_t port() const;  // 0: it has none.

  // As in an address of ours, or what kind it is.
  std::string Text() const;

 private:
  template <typename Ask>
  static Endpoint Asked(int descriptor, Ask ask);

  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

// What `address` stands for, best first. With numbers alone it takes no time;
// a name is asked for, and the caller waits. The error says what was wrong.
enum class HostIs : std::uint8_t { kNumber, kAny };
Result<std::vector<Endpoint>> LookUp(const TcpAddress& address, HostIs host);

}  // namespace taskgraph::transport
