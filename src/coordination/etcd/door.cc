// SPDX-License-Identifier: Apache-2.0
#include "coordination/etcd/door.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <memory>
#include <string_view>
#include <utility>

namespace taskgraph::coordination {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr std::size_t kUnixPathBytesMax = 107;  // The system's.

Error Malformed(const std::string& address) {
  return {ErrorCode::kInvalidArgument,
          "cannot listen at '" + address +
              "': give HOST:PORT, with a port from 0 (any) to 65535, or "
              "unix:PATH"};
}

Error Unavailable(const std::string& address, const std::string& why) {
  return {ErrorCode::kUnavailable, "cannot listen at " + address + ": " + why};
}

bool IsPort(std::string_view text) {
  unsigned port = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, port);
  return error == std::errc() && rest == end && port <= 65535;
}

// A socket, or, if it is negative, why there is none.
int ListenAt(const sockaddr* address, socklen_t size) {
  const int fd = ::socket(address->sa_family,
                          SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  if (address->sa_family != AF_UNIX) {  // Connections inherit the second.
    const int yes = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  }
  if (::bind(fd, address, size) == 0 && ::listen(fd, SOMAXCONN) == 0) return fd;
  const int error = errno;
  ::close(fd);
  return -error;
}

in_port_t* PortOf(sockaddr* address) {
  return address->sa_family == AF_INET6
             ? &reinterpret_cast<sockaddr_in6*>(address)->sin6_port
             : &reinterpret_cast<sockaddr_in*>(address)->sin_port;
}

in_port_t BoundPort(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return *PortOf(reinterpret_cast<sockaddr*>(&address));
}

// "[::1]" without its brackets; none: it is no host.
std::string HostIn(const std::string& address, std::size_t colon) {
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    return host.substr(1, host.size() - 2);
  }
  // An IPv6 address, and where does it end?
  return host.find(':') == std::string::npos ? host : std::string();
}

}  // namespace

Result<Door> Door::Open(const std::string& address) {
  return address.starts_with(kUnix) ? OpenUnix(address) : OpenTcp(address);
}

// A name may stand for several addresses; all get the same port. One that the
// system does not have is no harm while there is another; half a name that
// somebody else holds is not what was asked for.
Result<Door> Door::OpenTcp(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos ||
      !IsPort(std::string_view(address).substr(colon + 1))) {
    return Malformed(address);
  }
  const std::string host = HostIn(address, colon);
  if (host.empty()) return Malformed(address);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* all = nullptr;
  const int failed =
      ::getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &all);
  if (failed != 0) return Unavailable(address, ::gai_strerror(failed));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(all,
                                                             ::freeaddrinfo);
  Door door;
  in_port_t port = 0;
  int error = 0;
  for (const addrinfo* info = all; info != nullptr; info = info->ai_next) {
    if (port != 0) *PortOf(info->ai_addr) = port;
    const int fd = ListenAt(info->ai_addr, info->ai_addrlen);
    if (fd < 0) error = -fd;
    if (fd == -EADDRINUSE) return Unavailable(address, ::strerror(error));
    if (fd < 0) continue;
    door.sockets_.push_back(fd);
    port = BoundPort(fd);
  }
  if (door.sockets_.empty()) return Unavailable(address, ::strerror(error));
  door.endpoint_ = address.substr(0, colon + 1) + std::to_string(::ntohs(port));
  return door;
}

Result<Door> Door::OpenUnix(const std::string& address) {
  const std::string path = address.substr(kUnix.size());
  if (path.empty()) return Malformed(address);
  if (path.size() > kUnixPathBytesMax) {
    return Unavailable(address, "the path has " + std::to_string(path.size()) +
                                    " bytes, it may have at most " +
                                    std::to_string(kUnixPathBytesMax));
  }
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) {
    ::unlink(path.c_str());  // Somebody's who was killed.
  }
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  path.copy(where.sun_path, path.size());
  const int fd =
      ListenAt(reinterpret_cast<const sockaddr*>(&where), sizeof where);
  if (fd < 0) return Unavailable(address, ::strerror(-fd));
  Door door;
  door.sockets_.push_back(fd);
  door.path_ = path;
  door.endpoint_ = address;
  return door;
}

Door::Door(Door&& other) noexcept
    : endpoint_(std::exchange(other.endpoint_, {})),
      path_(std::exchange(other.path_, {})),
      sockets_(std::exchange(other.sockets_, {})) {}

Door::~Door() {
  if (!path_.empty()) ::unlink(path_.c_str());
  for (const int fd : sockets_) ::close(fd);
}

}  // namespace taskgraph::coordination
