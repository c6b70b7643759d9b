// SPDX-License-Identifier: Apache-2.0
#include "job/main_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <limits>
#include <system_error>
#include <utility>

#include "runtime/clock.h"

namespace taskgraph::job {

MainLoop::MainLoop()
    : wake_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      epoll_fd_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (wake_fd_ < 0 || epoll_fd_ < 0) {
    throw std::system_error(errno, std::generic_category(), "eventfd, epoll");
  }
  Watch(wake_fd_, [this] { RunNotes(); });
}

MainLoop::~MainLoop() {
  ::close(wake_fd_);
  ::close(epoll_fd_);
}

void MainLoop::Watch(int fd, Callback bell) {
  bells_[fd] = std::move(bell);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  ::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event);
}

void MainLoop::Unwatch(int fd) {
  bells_.erase(fd);
  ::epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
}

void MainLoop::After(Duration delay, Callback alarm) {
  alarms_.emplace(runtime::Now() + delay, std::move(alarm));
}

void MainLoop::Post(Callback note) {
  {
    const threads::Lock lock(mutex_);
    notes_.push_back(std::move(note));
  }
  const std::uint64_t one = 1;
  // It fails only when the counter is full, and then it is awake.
  [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
}

void MainLoop::Run() {
  leaving_ = false;
  while (!leaving_) {
    WaitForBells();
    if (!leaving_) RunAlarms();
  }
}

// Rounded up: waking up too early would only mean to wait once more.
int MainLoop::WaitMs() const {
  if (alarms_.empty()) return -1;
  const Duration wait = alarms_.begin()->first - runtime::Now();
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  return static_cast<int>(
      std::clamp<std::int64_t>(ms, 0, std::numeric_limits<int>::max()));
}

// Not by poll: it fails when more is watched than the process may open now, and
// would be called again and again.
void MainLoop::WaitForBells() {
  std::array<epoll_event, 16> rings;
  const int count =
      ::epoll_wait(epoll_fd_, rings.data(), rings.size(), WaitMs());
  for (int i = 0; i < count; ++i) {
    const auto found = bells_.find(rings[static_cast<std::size_t>(i)].data.fd);
    if (leaving_ || found == bells_.end()) continue;  // Not watched any more.
    const Callback bell = found->second;              // It may unwatch itself.
    bell();
  }
}

void MainLoop::RunNotes() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(wake_fd_, &count, sizeof count);
  std::vector<Callback> notes;
  {
    const threads::Lock lock(mutex_);
    notes.swap(notes_);
  }
  for (const Callback& note : notes) note();
}

void MainLoop::RunAlarms() {
  const core::Time now = runtime::Now();
  while (!alarms_.empty() && alarms_.begin()->first <= now) {
    const Callback alarm = std::move(alarms_.begin()->second);
    alarms_.erase(alarms_.begin());
    alarm();
  }
}

}  // namespace taskgraph::job
