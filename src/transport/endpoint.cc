// SPDX-License-Identifier: Apache-2.0
#include "transport/endpoint.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>

namespace taskgraph::transport {

Endpoint::Endpoint(const sockaddr& address, socklen_t size)
    : size_(std::min<socklen_t>(size, sizeof storage_)) {
  std::memcpy(&storage_, &address, size_);
}

Endpoint::Endpoint(const UnixAddress& address) {
  auto& local = reinterpret_cast<sockaddr_un&>(storage_);
  local.sun_family = AF_UNIX;
  const std::size_t bytes = std::min(address.path.size(), kUnixPathBytesMax);
  std::memcpy(local.sun_path, address.path.data(), bytes);
  size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + bytes + 1);
}

template <typename Ask>
Endpoint Endpoint::Asked(int descriptor, Ask ask) {
  Endpoint end;
  end.size_ = sizeof end.storage_;
  ask(descriptor, reinterpret_cast<sockaddr*>(&end.storage_), &end.size_);
  return end;
}

Endpoint Endpoint::Local(int descriptor) {
  return Asked(descriptor, ::getsockname);
}
Endpoint Endpoint::Remote(int descriptor) {
  return Asked(descriptor, ::getpeername);
}

std::uint16_t Endpoint::port() const {
  if (family() == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in&>(storage_).sin_port);
  }
  if (family() == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6&>(storage_).sin6_port);
  }
  return 0;
}

std::string Endpoint::Text() const {
  if (family() != AF_INET && family() != AF_INET6) return "unix socket";
  std::array<char, NI_MAXHOST> host{};
  ::getnameinfo(&address(), size_, host.data(), host.size(), nullptr, 0,
                NI_NUMERICHOST);
  return Format(TcpAddress{host.data(), port()});
}

Result<std::vector<Endpoint>> LookUp(const TcpAddress& address, HostIs host) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_NUMERICSERV | AI_PASSIVE;
  wanted.ai_flags |= host == HostIs::kNumber ? AI_NUMERICHOST : 0;
  addrinfo* found = nullptr;
  const int result =
      ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(),
                    &wanted, &found);
  if (result != 0) {
    const char* const why =
        result == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(result);
    return Error{ErrorCode::kUnavailable, why};
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found,
                                                             &::freeaddrinfo);
  std::vector<Endpoint> endpoints;
  for (; found != nullptr; found = found->ai_next) {
    endpoints.emplace_back(*found->ai_addr, found->ai_addrlen);
  }
  return endpoints;
}

}  // namespace taskgraph::transport
