// SPDX-License-Identifier: Apache-2.0
#include "transport/socket.h"

#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

namespace taskgraph::transport {
namespace {

// Unsent bytes that the kernel holds for a TCP connection: enough to keep the
// link busy while this process is not looking, little enough not to delay what
// comes behind. The window of sent bytes grows as it likes.
constexpr int kUnsentBytesMax = 512 << 10;

// A Unix socket has no window; its buffer is all there is.
constexpr int kUnixSendBufferBytes = 1 << 20;

}  // namespace

std::optional<Endpoint> LiteralEndpoint(const TcpAddress& address) {
  asio::error_code error;
  const auto host = asio::ip::make_address(address.host, error);
  if (error) return std::nullopt;
  return asio::ip::tcp::endpoint(host, address.port);
}

Endpoint EndpointOf(const UnixAddress& address) {
  return asio::local::stream_protocol::endpoint(address.path);
}

bool OutOfResources(const asio::error_code& error) {
  return error.value() == EMFILE || error.value() == ENFILE ||
         error.value() == ENOBUFS || error.value() == ENOMEM;
}

void Tune(Socket& socket) {
  asio::error_code
      ignored;  // An option that the system lacks costs speed only.
  socket.non_blocking(true, ignored);
  const Endpoint local = socket.local_endpoint(ignored);
  if (local.protocol().family() == AF_UNIX) {
    socket.set_option(asio::socket_base::send_buffer_size(kUnixSendBufferBytes),
                      ignored);
    return;
  }
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  using UnsentMax =
      asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;
  socket.set_option(UnsentMax(kUnsentBytesMax), ignored);
}

void WriteGate::Await(std::function<void(const asio::error_code&)> opened) {
  asio::error_code error;
  if (!twin_) {
    twin_.emplace(socket_.get_executor());
    const int fd = ::dup(socket_.native_handle());
    if (fd >= 0) twin_->assign(fd, error);
    if (fd >= 0 && error) ::close(fd);
  }
  if (twin_->is_open()) {
    twin_->async_wait(asio::posix::stream_descriptor::wait_write,
                      std::move(opened));
  } else {  // No descriptors left: slower later, but it works.
    socket_.async_wait(Socket::wait_write, std::move(opened));
  }
}

void WriteGate::LetGo() {
  // Asio leaves it to close() to tell epoll, which does not happen while the
  // socket itself is open; so it is taken out first.
  if (twin_ && twin_->is_open()) ::close(twin_->release());
  twin_.reset();
}

std::string RemoteName(const Socket& socket) {
  asio::error_code error;
  const Endpoint remote = socket.remote_endpoint(error);
  const int family = remote.protocol().family();
  if (error || (family != AF_INET && family != AF_INET6)) return "unix socket";
  asio::ip::tcp::endpoint tcp;
  tcp.resize(remote.size());
  std::memcpy(tcp.data(), remote.data(), remote.size());
  return Format(TcpAddress{tcp.address().to_string(), tcp.port()});
}

}  // namespace taskgraph::transport
