// SPDX-License-Identifier: Apache-2.0
#include "support/free_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace taskgraph::test {

std::uint16_t FreePort() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || ::bind(fd, generic, size) != 0 ||
      ::getsockname(fd, generic, &size) != 0) {
    std::perror("no free TCP port");
    std::abort();
  }
  ::close(fd);
  return ntohs(address.sin_port);
}

}  // namespace taskgraph::test
