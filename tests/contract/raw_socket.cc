// SPDX-License-Identifier: Apache-2.0
#include "raw_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace taskgraph::transport {
namespace {

struct SocketName {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketName NameOf(const Address& address) {
  SocketName name;
  if (address.starts_with("unix:")) {
    auto* local = reinterpret_cast<sockaddr_un*>(&name.storage);
    local->sun_family = AF_UNIX;
    address.copy(local->sun_path, sizeof local->sun_path - 1, 5);
    name.size = sizeof *local;
  } else {
    auto* tcp = reinterpret_cast<sockaddr_in*>(&name.storage);
    tcp->sin_family = AF_INET;
    tcp->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const std::string port = address.substr(address.rfind(':') + 1);
    tcp->sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
    name.size = sizeof *tcp;
  }
  return name;
}

void Check(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string(what) + std::strerror(errno));
}

}  // namespace

RawSocket RawSocket::To(const Address& address) {
  SocketName name = NameOf(address);
  const int fd = ::socket(name.storage.ss_family, SOCK_STREAM, 0);
  Check(fd >= 0, "socket: ");
  Check(::connect(fd, name.get(), name.size) == 0, "connect: ");
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  return RawSocket(fd);
}

RawSocket::~RawSocket() {
  if (fd_ >= 0) ::close(fd_);
}

void RawSocket::Write(std::string_view bytes) {
  (void)!::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

bool RawSocket::Ended() {
  char bytes[4096];
  for (;;) {
    const ssize_t count = ::recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count == 0) return true;
    if (count < 0) return errno != EAGAIN && errno != EINTR;
    received_.append(bytes, static_cast<std::size_t>(count));
  }
}

RawListener::RawListener(const Address& address) : address_(address) {
  SocketName name = NameOf(address);
  fd_ = ::socket(name.storage.ss_family, SOCK_STREAM, 0);
  Check(fd_ >= 0, "socket: ");
  Check(::bind(fd_, name.get(), name.size) == 0, "bind: ");
  Check(::listen(fd_, 16) == 0, "listen: ");
  if (name.storage.ss_family == AF_INET) {
    ::getsockname(fd_, name.get(), &name.size);
    const auto* tcp = reinterpret_cast<sockaddr_in*>(&name.storage);
    address_ = "tcp:127.0.0.1:" + std::to_string(ntohs(tcp->sin_port));
  }
}

RawListener::~RawListener() { ::close(fd_); }

RawSocket RawListener::Accept() {
  const int fd = ::accept(fd_, nullptr, nullptr);
  Check(fd >= 0, "accept: ");
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  return RawSocket(fd);
}

}  // namespace taskgraph::transport
