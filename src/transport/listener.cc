// SPDX-License-Identifier: Apache-2.0
#include "transport/listener.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace taskgraph::transport {
namespace {

// How many are let in before others of the loop get a turn.
constexpr int kTurnMax = 16;

// Of a socket's file; 0: there is none.
std::uint64_t InodeOf(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)
             ? status.st_ino
             : 0;
}

// Is the file there what a process left that is gone?
bool Abandoned(Reactor::Backend& backend, const UnixAddress& address) {
  if (InodeOf(address.path) == 0) return false;
  IoError error;
  Socket::Connect(backend, Endpoint(address), error);
  return error.number() == ECONNREFUSED;
}

// Who came is gone again, or the network was; the next one may be well.
bool IsOfOneGuest(int error) {
  for (const int other :
       {ECONNABORTED, EINTR, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET,
        EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, EPERM, ETIMEDOUT}) {
    if (error == other) return true;
  }
  return false;
}

}  // namespace

Result<std::shared_ptr<Listener>> Listener::Open(Reactor::Backend& backend,
                                                 const Address& address,
                                                 Hooks hooks) {
  const Result<ParsedAddress> parsed = ParseAddress(address);
  if (!parsed) return parsed.error();
  auto listener = std::make_shared<Listener>(backend, std::move(hooks));
  std::string wrong;
  if (const auto* local = std::get_if<UnixAddress>(&*parsed)) {
    wrong = listener->Bind(*local);
  } else if (const auto* tcp = std::get_if<TcpAddress>(&*parsed)) {
    wrong = listener->Bind(*tcp);
  } else {
    return Error{ErrorCode::kInvalidArgument,
                 "cannot listen at \"" + address + "\" with a socket"};
  }
  if (wrong.empty()) wrong = listener->Begin();
  if (!wrong.empty()) {
    return Error{ErrorCode::kUnavailable,
                 "cannot listen at \"" + address + "\": " + wrong};
  }
  return listener;
}

std::string Listener::Begin() {
  door_.OnReadable([this] {
    if (state_ == State::kAccepting) Accept();
  });
  const IoError deaf = door_.Outcome();
  return deaf ? deaf.message() : std::string();
}

IoError Listener::Bind(const Endpoint& endpoint) {
  IoError error;
  Socket door = Socket::Open(backend_, endpoint.family(), error);
  if (error) return error;
  if (endpoint.family() != AF_UNIX) {
    // A restarted node takes its port again without waiting for old
    // connections to be forgotten.
    const int on = 1;
    ::setsockopt(door.descriptor(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  }
  if (::bind(door.descriptor(), &endpoint.address(), endpoint.size()) != 0 ||
      ::listen(door.descriptor(), SOMAXCONN) != 0) {
    return IoError(errno);
  }
  door_ = std::move(door);
  return {};
}

std::string Listener::Bind(const UnixAddress& address) {
  const Endpoint endpoint(address);
  IoError error = Bind(endpoint);
  if (error.number() == EADDRINUSE && Abandoned(backend_, address)) {
    ::unlink(address.path.c_str());
    error = Bind(endpoint);
  }
  if (error) return error.message();
  path_ = address.path;
  inode_ = InodeOf(path_);
  address_ = "unix:" + path_;
  return {};
}

std::string Listener::Bind(const TcpAddress& address) {
  const Result<std::vector<Endpoint>> found = LookUp(address, HostIs::kAny);
  if (!found) return found.error().message;
  IoError error;
  for (const Endpoint& endpoint : *found) {
    error = Bind(endpoint);
    if (error) continue;
    address_ = Format(
        TcpAddress{address.host, Endpoint::Local(door_.descriptor()).port()});
    return {};
  }
  return error.message();
}

void Listener::Accept() {
  const auto self = shared_from_this();  // The guest may end us.
  bool came = false;
  IoError error;
  for (int i = 0; door_.descriptor() >= 0; ++i) {
    if (i == kTurnMax) return came ? door_.ReadOn() : Pause(error);
    const int guest = ::accept4(door_.descriptor(), nullptr, nullptr,
                                SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (guest >= 0) {
      came = true;
      complained_ = false;
      hooks_.accepted(Socket(backend_, guest));
      continue;
    }
    error = IoError(errno);
    if (error.is_dry()) {
      complained_ = false;  // There was a descriptor for the next one.
      return;
    }
    if (!IsOfOneGuest(error.number())) return Pause(error);
  }
}

// Accepting at once again would spin; connections wait in the backlog.
void Listener::Pause(const IoError& error) {
  if (!std::exchange(complained_, true)) {
    hooks_.log("cannot accept at " + address_ + " now: " + error.message());
  }
  state_ = State::kPaused;
  hooks_.paused();
}

Listener::State Listener::Tick() {
  if (state_ == State::kPaused) {
    state_ = State::kAccepting;
    Accept();
  }
  return state_;
}

void Listener::Close() {
  // The file goes first: a successor must not find it abandoned, and then see
  // its own new file removed.
  if (!path_.empty() && InodeOf(path_) == inode_) ::unlink(path_.c_str());
  path_.clear();
  door_.Close();
}

}  // namespace taskgraph::transport
