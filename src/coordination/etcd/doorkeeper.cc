// SPDX-License-Identifier: Apache-2.0
#include "coordination/etcd/doorkeeper.h"

#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace taskgraph::coordination {
namespace {

constexpr int kShortageMs = 100;

// It was that one connection's fault, which is gone.
bool IsHarmless(int error) {
  return error == ECONNABORTED || error == EINTR || error == EPROTO;
}

}  // namespace

Doorkeeper::Doorkeeper(std::function<void(std::string_view)> log)
    : log_(std::move(log)), stop_fd_(::eventfd(0, EFD_CLOEXEC)) {
  if (stop_fd_ < 0) {
    throw std::system_error(errno, std::generic_category(), "eventfd");
  }
}

Doorkeeper::~Doorkeeper() {
  if (thread_.joinable()) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(stop_fd_, &one, sizeof one);
    thread_.join();
  }
  ::close(stop_fd_);
}

void Doorkeeper::Guard(Door door, LetIn let_in) {
  posts_.push_back({std::move(door), std::move(let_in)});
}

void Doorkeeper::Begin() {
  thread_ = std::thread([this] { Run(); });
}

void Doorkeeper::Run() {
  bool is_short = false;
  while (!MustStop(is_short)) {
    is_short = false;
    for (const Post& post : posts_) {
      for (const int socket : post.door.sockets()) {
        is_short = LetAllIn(post, socket) == Found::kShortage || is_short;
      }
    }
    if (!is_short) complained_ = false;
  }
}

// Waits until somebody knocks; in a shortage a little while, and whoever
// knocks.
bool Doorkeeper::MustStop(bool is_short) const {
  std::vector<pollfd> bells = {{stop_fd_, POLLIN, 0}};
  for (const Post& post : posts_) {
    if (is_short) break;
    for (const int socket : post.door.sockets()) {
      bells.push_back({socket, POLLIN, 0});
    }
  }
  if (::poll(bells.data(), bells.size(), is_short ? kShortageMs : -1) < 0) {
    ::poll(bells.data(), 1, kShortageMs);  // It may not even look at them all.
  }
  return bells.front().revents != 0;
}

Doorkeeper::Found Doorkeeper::LetAllIn(const Post& post, int socket) {
  while (true) {
    const int fd =
        ::accept4(socket, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
      post.let_in(fd);
    } else if (errno == EAGAIN) {
      return Found::kNobodyElse;
    } else if (!IsHarmless(errno)) {
      Complain(post.door.endpoint(), errno);
      return Found::kShortage;
    }
  }
}

void Doorkeeper::Complain(const std::string& endpoint, int error) {
  if (std::exchange(complained_, true)) return;
  log_("cannot accept connections at " + endpoint +
       " now: " + ::strerror(error) + "; they wait");
}

}  // namespace taskgraph::coordination
