// SPDX-License-Identifier: Apache-2.0
#include "job/standard_streams.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <iostream>

#include "job/one_line.h"

namespace taskgraph::job {
namespace {

int Conclude(int code, int error) {
  // An earlier write may have failed, for a reason that is forgotten.
  const bool lost = error != 0 || std::ferror(stdout) != 0 || std::cout.bad();
  if (!lost) return code;
  Complain(
      "can't write to stdout, some of what was printed is lost" +
      (error == 0 ? std::string() : ": " + std::string(::strerror(error))));
  return code == 0 ? kOutputLost : code;
}

}  // namespace

void Complain(const std::string& text) {
  const std::string line = "taskgraph: " + OneLine(text) + "\n";
  [[maybe_unused]] const auto written =
      ::write(STDERR_FILENO, line.data(), line.size());
}

void KeepStandardStreams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest free number, which is this one. For reading, so that writing
    // to it is an error; stderr has nobody to be told.
    const int mode = fd == STDERR_FILENO ? O_WRONLY : O_RDONLY;
    if (::open("/dev/null", mode) < 0) return;
  }
}

int FlushStdout(int code) {
  errno = 0;
  std::cout.flush();
  const bool failed = std::fflush(stdout) != 0 || std::cout.bad();
  return Conclude(code, failed ? errno : 0);
}

int FlushStdoutIfIdle(int code) {
  if (::ftrylockfile(stdout) != 0) return code;
  const int error = ::fflush_unlocked(stdout) == 0 ? 0 : errno;
  ::funlockfile(stdout);
  return Conclude(code, error);
}

}  // namespace taskgraph::job
