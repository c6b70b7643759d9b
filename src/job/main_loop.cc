// SPDX-License-Identifier: Apache-2.0
#include "job/main_loop.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <limits>
#include <system_error>
#include <utility>

#include "runtime/clock.h"

namespace taskgraph::job {

MainLoop::MainLoop() : wake_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (wake_fd_ < 0) {
    throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  Watch(wake_fd_, [this] { RunNotes(); });
}

MainLoop::~MainLoop() { ::close(wake_fd_); }

void MainLoop::Watch(int fd, Callback bell) { bells_[fd] = std::move(bell); }

void MainLoop::Unwatch(int fd) { bells_.erase(fd); }

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

void MainLoop::WaitForBells() {
  std::vector<pollfd> doors;
  for (const auto& [fd, bell] : bells_) doors.push_back({fd, POLLIN, 0});
  if (::poll(doors.data(), doors.size(), WaitMs()) <= 0) return;
  for (const pollfd& door : doors) {
    if (door.revents == 0 || leaving_) continue;
    const auto found = bells_.find(door.fd);
    if (found == bells_.end()) continue;  // Not watched any more.
    const Callback bell = found->second;  // It may unwatch itself.
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
