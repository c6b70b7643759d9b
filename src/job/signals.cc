// SPDX-License-Identifier: Apache-2.0
#include "job/signals.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

namespace taskgraph::job {
namespace {

// A handler has no other way to find it.
std::atomic<int> pipe_of_handler{-1};

void HandleSignal(int number) {
  const int saved = errno;
  const auto byte = static_cast<unsigned char>(number);
  // A full pipe has enough of them.
  [[maybe_unused]] const auto written =
      ::write(pipe_of_handler.load(), &byte, 1);
  errno = saved;
}

}  // namespace

Signals::Signals(MainLoop& loop, const std::vector<int>& numbers,
                 std::function<void(int)> heard)
    : loop_(loop), heard_(std::move(heard)) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe");
  }
  read_fd_ = ends[0];
  write_fd_ = ends[1];
  pipe_of_handler.store(write_fd_);
  loop_.Watch(read_fd_, [this] { Read(); });

  for (const int number : numbers) {
    struct sigaction before {};
    ::sigaction(number, nullptr, &before);
    if (before.sa_handler == SIG_IGN) continue;
    struct sigaction action {};
    action.sa_handler = HandleSignal;
    action.sa_flags = SA_RESTART;
    ::sigfillset(&action.sa_mask);  // One after the other.
    ::sigaction(number, &action, nullptr);
    before_[number] = before;
  }
}

Signals::~Signals() {
  for (const auto& [number, before] : before_) {
    ::sigaction(number, &before, nullptr);
  }
  loop_.Unwatch(read_fd_);
  pipe_of_handler.store(-1);
  ::close(read_fd_);
  ::close(write_fd_);
}

void Signals::Read() {
  unsigned char numbers[64];
  const auto count = ::read(read_fd_, numbers, sizeof numbers);
  for (ssize_t i = 0; i < count; ++i) heard_(numbers[i]);
}

SignalsForOthers::SignalsForOthers(const std::vector<int>& numbers) {
  sigset_t blocked;
  ::sigemptyset(&blocked);
  for (const int number : numbers) ::sigaddset(&blocked, number);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before_);
}

SignalsForOthers::~SignalsForOthers() {
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

std::string SignalName(int number) {
  const char* name = ::sigabbrev_np(number);
  return name == nullptr ? "signal " + std::to_string(number)
                         : std::string("SIG") + name;
}

}  // namespace taskgraph::job
