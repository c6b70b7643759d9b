// SPDX-License-Identifier: Apache-2.0
#include "job/event_log.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace taskgraph::job {

Result<EventLog> EventLog::Open(const std::string& path, runtime::Log log) {
  if (path.empty()) return EventLog(path, -1, std::move(log));
  const int fd = ::open(
      path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) {
    return Error{ErrorCode::kUnavailable, "can't open the events file " + path +
                                              ": " + ::strerror(errno)};
  }
  return EventLog(path, fd, std::move(log));
}

EventLog::EventLog(EventLog&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      log_(std::move(other.log_)),
      complained_(other.complained_) {}

EventLog::~EventLog() {
  if (fd_ >= 0) ::close(fd_);
}

// A whole line in one call: who reads along never sees half of one.
void EventLog::Write(std::string line) {
  if (fd_ < 0) return;
  line += '\n';
  const auto written = ::write(fd_, line.data(), line.size());
  if (written == static_cast<ssize_t>(line.size())) {
    complained_ = false;
    return;
  }
  const int error = written < 0 ? errno : ENOSPC;
  if (written > 0) TakeBack(written);
  if (std::exchange(complained_, true)) return;
  log_(runtime::LogLevel::kWarning,
       "some events are missing in " + path_ + ": " + ::strerror(error));
}

// Half a line would spoil the one after it as well.
void EventLog::TakeBack(ssize_t bytes) const {
  struct stat status {};
  if (::fstat(fd_, &status) != 0 || !S_ISREG(status.st_mode)) return;
  [[maybe_unused]] const int cut = ::ftruncate(fd_, status.st_size - bytes);
}

}  // namespace taskgraph::job
