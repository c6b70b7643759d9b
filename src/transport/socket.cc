// SPDX-License-Identifier: Apache-2.0
#include "transport/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace taskgraph::transport {
namespace {

// Unsent bytes that the kernel holds for a TCP connection: enough to keep the
// link busy while this process is not looking, little enough not to delay what
// comes behind. The window of sent bytes grows as it likes.
constexpr int kUnsentBytesMax = 512 << 10;

// A Unix socket has no window; its buffer is all there is.
constexpr int kUnixSendBufferBytes = 1 << 20;

constexpr std::uint32_t kToRead = EPOLLIN | EPOLLRDHUP;

void Set(const Socket& socket, int level, int option, int value) {
  // An option that the system lacks costs speed only.
  ::setsockopt(socket.descriptor(), level, option, &value, sizeof value);
}

// Calls `transfer` until no signal comes in between.
std::size_t Transfer(const auto& transfer, IoError& error) {
  error = {};
  while (true) {
    const ssize_t count = transfer();
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EINTR) continue;
    error = IoError(errno);
    return 0;
  }
}

// Those that are not empty, as many as may be. Its memory is not set to zero
// first: that takes longer than all else that a small write needs.
struct Parts {
  explicit Parts(const auto& spans) {
    for (const auto& span : spans) {
      if (span.empty()) continue;
      if (count == at.size()) return;
      at[count++] = {const_cast<void*>(static_cast<const void*>(span.data())),
                     span.size()};
    }
  }
  std::array<iovec, Socket::kPartsMax> at;
  std::size_t count = 0;
};

}  // namespace

bool IoError::is_shortage() const {
  return number_ == EMFILE || number_ == ENFILE || number_ == ENOBUFS ||
         number_ == ENOMEM || number_ == ENOSPC;
}

std::string IoError::message() const {
  return is_end() ? "it closed the connection"
                  : std::generic_category().message(number_);
}

// Who is told what happens at a socket.
class Socket::Ear final : public Watch {
 public:
  void Ready(std::uint32_t events) override {
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) has_hung_up = true;
    if ((events & EPOLLIN) != 0 || has_hung_up) {
      if (on_readable) {
        on_readable();
      } else if (const auto tell = std::exchange(readable, nullptr)) {
        tell();
      }
    }
    if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
      if (const auto tell = std::exchange(writable, nullptr)) tell();
    }
  }

  // on_readable stays: it may be what is running.
  void Stop() {
    readable = nullptr;
    writable = nullptr;
  }

  std::function<void()> on_readable;
  std::function<void()> readable;  // Once.
  std::function<void()> writable;  // Once.
  std::uint32_t interests = 0;     // Events that it listens for.
  bool has_hung_up = false;
  int error = 0;  // It can't listen: an errno.
};

Socket::Socket() = default;
Socket::Socket(Reactor::Backend& backend, int descriptor)
    : backend_(&backend), descriptor_(descriptor) {}
Socket::~Socket() { Close(); }

Socket::Socket(Socket&& other) noexcept
    : backend_(other.backend_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      ear_(std::move(other.ear_)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this == &other) return *this;
  Close();
  backend_ = other.backend_;
  descriptor_ = std::exchange(other.descriptor_, -1);
  ear_ = std::move(other.ear_);
  return *this;
}

Socket Socket::Open(Reactor::Backend& backend, int family, IoError& error) {
  const int descriptor =
      ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  error = IoError(descriptor < 0 ? errno : 0);
  return Socket(backend, descriptor);
}

Socket Socket::Connect(Reactor::Backend& backend, const Endpoint& to,
                       IoError& error) {
  Socket socket = Open(backend, to.family(), error);
  // Interrupted, it goes on by itself, as if it had not blocked.
  if (!error && ::connect(socket.descriptor(), &to.address(), to.size()) != 0) {
    error = IoError(errno == EINTR ? EINPROGRESS : errno);
  }
  return socket;
}

bool Socket::is_unix() const {
  return Endpoint::Local(descriptor_).family() == AF_UNIX;
}

IoError Socket::Outcome() const {
  if (ear_ && ear_->error != 0) return IoError(ear_->error);
  int number = 0;
  socklen_t size = sizeof number;
  ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &number, &size);
  return IoError(number);
}

void Socket::Close() {
  if (descriptor_ < 0) return;
  const int descriptor = std::exchange(descriptor_, -1);
  Ear* const ear = ear_.get();
  if (ear != nullptr) backend_->End(descriptor, std::move(ear_));
  ::close(descriptor);
  // Last, since what it lets go of may be this socket's owner.
  if (ear != nullptr) ear->Stop();
}

// --- Bytes ---

std::size_t Socket::Read(std::span<const Room> into, IoError& error) const {
  if (ear_ && ear_->error != 0) {
    error = IoError(ear_->error);
    return 0;
  }
  const Parts parts(into);
  if (parts.count == 0) {
    error = {};
    return 0;
  }
  const std::size_t count = Transfer(
      [&] {
        return parts.count == 1 ? ::recv(descriptor_, parts.at[0].iov_base,
                                         parts.at[0].iov_len, 0)
                                : ::readv(descriptor_, parts.at.data(),
                                          static_cast<int>(parts.count));
      },
      error);
  if (count == 0 && !error) error = IoError::End();
  return count;
}

std::size_t Socket::Write(std::span<const Bytes> from, IoError& error) const {
  Parts parts(from);
  if (parts.count == 1) {
    return Transfer(
        [&] {
          return ::send(descriptor_, parts.at[0].iov_base, parts.at[0].iov_len,
                        MSG_NOSIGNAL);
        },
        error);
  }
  msghdr message{};
  message.msg_iov = parts.at.data();
  message.msg_iovlen = parts.count;
  return Transfer(
      [&] { return ::sendmsg(descriptor_, &message, MSG_NOSIGNAL); }, error);
}

// --- Waiting ---

// Listens for `events`, too, from now on.
Socket::Ear& Socket::EarFor(std::uint32_t events) {
  if (!ear_) {
    ear_ = std::make_unique<Ear>();
    ear_->interests = events;
    ear_->error = backend_->Begin(descriptor_, events, *ear_);
  } else if ((ear_->interests & events) != events) {
    ear_->interests |= events;
    ear_->error = backend_->Change(descriptor_, ear_->interests, *ear_);
  }
  // Whoever waits finds the error when they look.
  if (ear_->error != 0) backend_->TellLater(EPOLLIN | EPOLLOUT, *ear_);
  return *ear_;
}

void Socket::OnReadable(std::function<void()> tell) {
  EarFor(kToRead).on_readable = std::move(tell);
  ReadOn();
}

void Socket::AwaitReadable(std::function<void()> tell) {
  EarFor(kToRead).readable = std::move(tell);
}

void Socket::ReadOn() const { backend_->TellLater(EPOLLIN, *ear_); }

void Socket::AwaitWritable(std::function<void()> tell) {
  EarFor(EPOLLOUT).writable = std::move(tell);
}

void Socket::IgnoreWritable() {
  if (!ear_ || (ear_->interests & EPOLLOUT) == 0) return;
  ear_->interests &= ~static_cast<std::uint32_t>(EPOLLOUT);
  ear_->error = backend_->Change(descriptor_, ear_->interests, *ear_);
  ear_->writable = nullptr;
}

bool Socket::has_hung_up() const { return ear_ && ear_->has_hung_up; }

void Tune(const Socket& socket) {
  if (socket.is_unix()) {
    Set(socket, SOL_SOCKET, SO_SNDBUF, kUnixSendBufferBytes);
    return;
  }
  Set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  Set(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kUnsentBytesMax);
}

}  // namespace taskgraph::transport
