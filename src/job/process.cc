// SPDX-License-Identifier: Apache-2.0
#include "job/process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgot that C++ includes it, too.
}

namespace taskgraph::job {
namespace {

constexpr const char* kThisProgram = "/proc/self/exe";

// What a child finds, made before it is there: after the fork it may not
// allocate.
struct Birth {
  std::vector<char*> arguments;    // Ends with nullptr.
  std::vector<char*> environment;  // Likewise.
  pid_t parent;
  int report_fd;  // Gets errno if the program can't be run.
};

// Of descriptors, processes or memory: it may pass.
bool IsShortage(int error) {
  return error == EMFILE || error == ENFILE || error == EAGAIN ||
         error == ENOMEM;
}

Error Failed(const std::string& what) {
  return {
      IsShortage(errno) ? ErrorCode::kUnavailable : ErrorCode::kInvalidArgument,
      what + ": " + ::strerror(errno)};
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> EnvironmentWithoutOptions() {
  std::vector<std::string> kept;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with("TASKGRAPH_")) {
      kept.emplace_back(*entry);
    }
  }
  return kept;
}

// In the child: only what is safe after a fork of many threads.
[[noreturn]] void Become(const Birth& start) {
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCHLD}) {
    ::sigaction(number, &by_default, nullptr);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != start.parent) ::_exit(1);  // It ended before that line.

  // Past the library: around calls of open and dup2 the thread sanitizer takes
  // locks of its own, which a thread of the parent's may have held.
  const auto nothing =
      static_cast<int>(::syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY));
  if (nothing > 0) ::syscall(SYS_dup3, nothing, STDIN_FILENO, 0);
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  ::execve(kThisProgram, start.arguments.data(), start.environment.data());

  const int error = errno;
  [[maybe_unused]] const auto written =
      ::write(start.report_fd, &error, sizeof error);
  ::_exit(127);
}

// No handler of the parent's may run in the child, and no handler of a
// library's around fork is wanted: the child becomes another program at once.
pid_t ForkWithSignalsBlocked(const Birth& start) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::_Fork();
  if (pid == 0) Become(start);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

}  // namespace

Result<Process> Process::Start(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), program_invocation_name);
  std::vector<std::string> environment = EnvironmentWithoutOptions();
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0)
    return Failed("can't start another process");
  const Birth start{Pointers(arguments), Pointers(environment), ::getpid(),
                    report[1]};
  const pid_t pid = ForkWithSignalsBlocked(start);
  const Error not_forked = Failed("can't start another process");
  ::close(report[1]);
  if (pid < 0) {
    ::close(report[0]);
    return not_forked;
  }
  Process process(pid, ::pidfd_open(pid, 0));
  if (process.exit_fd_ < 0) {
    const Error not_watched =
        Failed("can't watch a child process (Linux 5.3 can)");
    ::close(report[0]);
    return not_watched;
  }
  int error = 0;
  const auto got = ::read(report[0], &error, sizeof error);
  ::close(report[0]);
  if (got != sizeof error) return process;
  errno = error;
  return Failed("can't run this program again");
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      exit_fd_(std::exchange(other.exit_fd_, -1)) {}

Process::~Process() {
  if (pid_ > 0) {
    Signal(SIGKILL);
    Bury();
  }
}

void Process::Signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);  // Not buried yet, so it is our child.
}

Ending Process::Bury() {
  int status = 0;
  pid_t got;
  do {
    got = ::waitpid(pid_, &status, 0);
  } while (got < 0 && errno == EINTR);
  pid_ = -1;
  if (exit_fd_ >= 0) ::close(std::exchange(exit_fd_, -1));
  if (got < 0) return {"an unknown end"};
  if (WIFEXITED(status)) {
    return {"exit code " + std::to_string(WEXITSTATUS(status))};
  }
  const int number = WTERMSIG(status);
  return {"signal " + std::to_string(number) + " (" + ::strsignal(number) + ")",
          number};
}

}  // namespace taskgraph::job
