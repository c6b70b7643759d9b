// SPDX-License-Identifier: Apache-2.0
#include "job/event_log.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

namespace taskgraph::job {
namespace {

constexpr int kPipeBytes = 1 << 20;  // As much as Linux lets anybody have.
constexpr int kReaderIsAwaitedMs = 500;

bool IsPipe(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

// None: it is no file.
std::optional<off_t> EndOfFile(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return {};
  return status.st_size;
}

}  // namespace

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

EventLog::EventLog(std::string path, int fd, runtime::Log log)
    : path_(std::move(path)),
      fd_(fd),
      is_pipe_(fd >= 0 && IsPipe(fd)),
      log_(std::move(log)) {
  if (is_pipe_) ::fcntl(fd_, F_SETPIPE_SZ, kPipeBytes);
}

EventLog::EventLog(EventLog&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      is_pipe_(other.is_pipe_),
      log_(std::move(other.log_)),
      complained_(other.complained_) {}

EventLog::~EventLog() {
  if (fd_ >= 0) ::close(fd_);
}

// A whole line in one call, for which there is room: who reads along never sees
// half of one.
void EventLog::Write(std::string line) {
  if (fd_ < 0) return;
  if (ReaderLags()) return Complain("its reader does not read");
  line += '\n';
  if (const int error = Reserve(line.size())) {
    return Complain(::strerror(error));
  }
  const auto written = ::write(fd_, line.data(), line.size());
  if (written == static_cast<ssize_t>(line.size())) {
    complained_ = false;
    return;
  }
  const int error = written < 0 ? errno : ENOSPC;
  if (written > 0) TakeBack(written);
  Complain(::strerror(error));
}

// A write would wait for the reader, and with it all that the process does.
bool EventLog::ReaderLags() const {
  if (!is_pipe_) return false;
  pollfd room{fd_, POLLOUT, 0};
  return ::poll(&room, 1, complained_ ? 0 : kReaderIsAwaitedMs) == 0;
}

void EventLog::Complain(const char* why) {
  if (std::exchange(complained_, true)) return;
  log_(runtime::LogLevel::kWarning,
       "some events are missing in " + path_ + ": " + why);
}

// An errno, or 0: there is room for as many bytes, as far as can be told.
int EventLog::Reserve(std::size_t bytes) const {
  const std::optional<off_t> end = EndOfFile(fd_);
  if (!end || ::fallocate(fd_, FALLOC_FL_KEEP_SIZE, *end,
                          static_cast<off_t>(bytes)) == 0) {
    return 0;
  }
  return errno == ENOSPC || errno == EDQUOT ? errno : 0;
}

// Where room can't be reserved. Half a line would spoil the one after it, too.
void EventLog::TakeBack(ssize_t bytes) const {
  const std::optional<off_t> end = EndOfFile(fd_);
  if (!end) return;
  [[maybe_unused]] const int cut = ::ftruncate(fd_, *end - bytes);
}

}  // namespace taskgraph::job
