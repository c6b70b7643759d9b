// SPDX-License-Identifier: Apache-2.0
#include "coordination/etcd/listen_check.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <memory>
#include <string_view>

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

// 0, or why not. The socket is closed at once: gRPC will take its place.
int TryToListen(const addrinfo& info) {
  const int fd = ::socket(info.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const int yes = 1;  // As gRPC does: connections of the past do not count.
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool listens =
      ::bind(fd, info.ai_addr, info.ai_addrlen) == 0 && ::listen(fd, 1) == 0;
  const int error = listens ? 0 : errno;
  ::close(fd);
  return error;
}

std::optional<Error> ObjectionToTcp(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0 ||
      !IsPort(std::string_view(address).substr(colon + 1))) {
    return Malformed(address);
  }
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    return Malformed(address);  // An IPv6 address, and where does it end?
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* all = nullptr;
  const int failed =
      ::getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &all);
  if (failed != 0) return Unavailable(address, ::gai_strerror(failed));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(all,
                                                             ::freeaddrinfo);
  int error = 0;
  bool listens = false;
  for (const addrinfo* info = all; info != nullptr; info = info->ai_next) {
    const int why = TryToListen(*info);
    listens = listens || why == 0;
    if (why != 0) error = why;
    if (why == EADDRINUSE) break;  // Half a name is not what was asked for.
  }
  if (listens && error != EADDRINUSE) return std::nullopt;
  return Unavailable(address, ::strerror(error));
}

std::optional<Error> ObjectionToUnix(const std::string& address) {
  const std::string path = address.substr(kUnix.size());
  if (path.empty()) return Malformed(address);
  if (path.size() > kUnixPathBytesMax) {
    return Unavailable(address, "the path has " + std::to_string(path.size()) +
                                    " bytes, it may have at most " +
                                    std::to_string(kUnixPathBytesMax));
  }
  const std::size_t slash = path.rfind('/');
  const std::string folder =
      slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return std::nullopt;
  return Unavailable(address, ::strerror(errno));
}

}  // namespace

std::optional<Error> ObjectionToListen(const std::string& address) {
  return address.starts_with(kUnix) ? ObjectionToUnix(address)
                                    : ObjectionToTcp(address);
}

}  // namespace taskgraph::coordination
