// SPDX-License-Identifier: Apache-2.0
#include "transport/listener.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace taskgraph::transport {
namespace {

std::uint64_t InodeOf(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

// Is the file at `endpoint` what a process left that is gone?
bool Abandoned(asio::io_context& io, const Endpoint& endpoint) {
  Socket socket(io);
  asio::error_code error;
  socket.open(endpoint.protocol(), error);
  socket.connect(endpoint, error);
  return error == asio::error::connection_refused;
}

}  // namespace

Result<std::shared_ptr<Listener>> Listener::Open(asio::io_context& io,
                                                 const Address& address,
                                                 Hooks hooks) {
  const Result<ParsedAddress> parsed = ParseAddress(address);
  if (!parsed) return parsed.error();
  auto listener = std::make_shared<Listener>(io, std::move(hooks));
  asio::error_code error;
  if (const auto* local = std::get_if<UnixAddress>(&*parsed)) {
    error = listener->BindUnix(*local);
  } else if (const auto* tcp = std::get_if<TcpAddress>(&*parsed)) {
    error = listener->BindTcp(*tcp);
  } else {
    return Error{ErrorCode::kInvalidArgument,
                 "cannot listen at \"" + address + "\" with a socket"};
  }
  if (error) {
    return Error{ErrorCode::kUnavailable,
                 "cannot listen at \"" + address + "\": " + error.message()};
  }
  listener->Accept();
  return listener;
}

asio::error_code Listener::Bind(const Endpoint& endpoint) {
  asio::error_code error;
  acceptor_.open(endpoint.protocol(), error);
  if (error) return error;
  if (endpoint.protocol().family() != AF_UNIX) {
    // A restarted node takes its port again without waiting for old
    // connections to be forgotten.
    acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  }
  acceptor_.bind(endpoint, error);
  if (!error)
    acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    asio::error_code ignored;
    acceptor_.close(ignored);
  }
  return error;
}

asio::error_code Listener::BindUnix(const UnixAddress& address) {
  const Endpoint endpoint = EndpointOf(address);
  asio::error_code error = Bind(endpoint);
  if (error == asio::error::address_in_use) {
    asio::io_context io;
    if (!Abandoned(io, endpoint)) return error;
    ::unlink(address.path.c_str());
    error = Bind(endpoint);
  }
  if (error) return error;
  path_ = address.path;
  inode_ = InodeOf(path_);
  address_ = "unix:" + path_;
  return {};
}

asio::error_code Listener::BindTcp(TcpAddress address) {
  std::optional<Endpoint> endpoint = LiteralEndpoint(address);
  asio::error_code error;
  if (!endpoint) {
    asio::io_context io;
    asio::ip::tcp::resolver resolver(io);
    const auto found =
        resolver.resolve(address.host, std::to_string(address.port),
                         asio::ip::resolver_base::passive, error);
    if (error) return error;
    endpoint = found.begin()->endpoint();
  }
  error = Bind(*endpoint);
  if (error) return error;
  const Endpoint bound = acceptor_.local_endpoint(error);
  asio::ip::tcp::endpoint tcp;
  tcp.resize(bound.size());
  std::memcpy(tcp.data(), bound.data(), bound.size());
  address.port = tcp.port();
  address_ = Format(address);
  return error;
}

void Listener::Accept() {
  acceptor_.async_accept([self = shared_from_this()](
                             const asio::error_code& error, Socket socket) {
    self->Accepted(error, std::move(socket));
  });
}

void Listener::Accepted(const asio::error_code& error, Socket socket) {
  if (!acceptor_.is_open()) return;
  if (OutOfResources(error)) {
    // Accepting at once again would spin; connections wait in the backlog.
    if (!std::exchange(complained_, true)) {
      hooks_.log("cannot accept at " + address_ + " now: " + error.message());
    }
    state_ = State::kPaused;
    return;
  }
  if (!error) {
    complained_ = false;
    hooks_.accepted(std::move(socket));
  }
  if (acceptor_.is_open()) Accept();
}

Listener::State Listener::Tick() {
  // One more beat is due even if Accept succeeds, since its outcome is heard
  // of later.
  const State before = std::exchange(state_, State::kAccepting);
  if (before == State::kPaused) Accept();
  return before;
}

void Listener::Close() {
  // The file goes first: a successor must not find it abandoned, and then see
  // its own new file removed.
  if (!path_.empty() && InodeOf(path_) == inode_) ::unlink(path_.c_str());
  path_.clear();
  asio::error_code ignored;
  acceptor_.close(ignored);
}

}  // namespace taskgraph::transport
