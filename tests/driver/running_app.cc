// SPDX-License-Identifier: Apache-2.0
#include "driver/running_app.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

namespace taskgraph::test {
namespace {

#ifdef TASKGRAPH_SANITIZED
constexpr int kGuardMs = 300'000;
#else
constexpr int kGuardMs = 60'000;
#endif

bool BecomesReadable(int fd) {
  pollfd door{fd, POLLIN, 0};
  return ::poll(&door, 1, kGuardMs) == 1;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

bool TakesEvents(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument == "node" || argument.starts_with("--events")) return false;
  }
  return true;
}

}  // namespace

std::size_t CountIn(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + 1)) {
    ++count;
  }
  return count;
}

TestFolder::TestFolder() {
  std::string path =
      (std::filesystem::temp_directory_path() / "driver-test-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) std::abort();
  path_ = path;
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TestFolder::Read(const std::string& name) const {
  std::ifstream file(path_ / name);
  return {std::istreambuf_iterator<char>(file), {}};
}

void TestFolder::Write(const std::string& name, const std::string& text) const {
  std::ofstream(path_ / name) << text;
}

Witness::Witness(pid_t pid)
    : fd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}

Witness::Witness(Witness&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

Witness::~Witness() {
  if (fd_ >= 0) ::close(fd_);
}

bool Witness::SeesTheEnd() const { return fd_ < 0 || BecomesReadable(fd_); }

RunningApp::RunningApp(std::vector<std::string> arguments,
                       const std::vector<std::string>& environment,
                       const std::string& program) {
  // A pipe with a name: opened here first, for writing too, it neither blocks
  // the application nor ends.
  const std::string events = folder_ / "events";
  if (::mkfifo(events.c_str(), 0600) != 0) std::abort();
  events_fd_ = ::open(events.c_str(), O_RDWR | O_CLOEXEC);
  const int output = ::open((folder_ / "output").c_str(),
                            O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (TakesEvents(arguments)) arguments.push_back("--events=" + events);
  arguments.insert(arguments.begin(), program);
  std::vector<std::string> variables = environment;
  variables.push_back("XDG_RUNTIME_DIR=" + folder_.path().string());
  for (char** entry = environ; *entry != nullptr; ++entry) {
    variables.emplace_back(*entry);
  }
  const std::vector<char*> argv = Pointers(arguments);
  const std::vector<char*> envp = Pointers(variables);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    ::signal(SIGINT, SIG_DFL);  // A shell's background ignores it.
    ::execve(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
  ::close(output);
}

RunningApp::~RunningApp() {
  if (pid_ > 0) {
    Signal(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(events_fd_);
}

void RunningApp::Signal(int number) const { ::kill(pid_, number); }

nlohmann::json RunningApp::AnyEvent() {
  while (true) {
    const std::size_t end = unread_.find('\n');
    if (end != std::string::npos) {
      nlohmann::json event = nlohmann::json::parse(unread_.substr(0, end));
      unread_.erase(0, end + 1);
      return event;
    }
    if (!BecomesReadable(events_fd_) || !ReadEvents()) return {};
  }
}

bool RunningApp::ReadEvents() {
  std::array<char, 4096> part;
  const auto count = ::read(events_fd_, part.data(), part.size());
  if (count > 0) unread_.append(part.data(), static_cast<std::size_t>(count));
  return count > 0;
}

// Who writes events must not wait for who reads them.
bool RunningApp::WaitForOutput(const std::string& text, std::size_t times) {
  const int changes = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  ::inotify_add_watch(changes, (folder_ / "output").c_str(), IN_MODIFY);
  bool found = false;
  while (!(found = CountIn(Output(), text) >= times)) {
    std::array<pollfd, 2> doors = {
        {{changes, POLLIN, 0}, {events_fd_, POLLIN, 0}}};
    if (::poll(doors.data(), doors.size(), kGuardMs) <= 0) break;
    std::array<char, 4096> ignored;
    while (::read(changes, ignored.data(), ignored.size()) > 0) continue;
    if (doors[1].revents != 0) ReadEvents();
  }
  ::close(changes);
  return found;
}

nlohmann::json RunningApp::NextEvent(const std::string& name) {
  while (true) {
    nlohmann::json event = AnyEvent();
    if (event.is_null() || event.at("event") == name) return event;
  }
}

bool RunningApp::LeftSomethingBehind() const {
  for (const auto& entry :
       std::filesystem::directory_iterator(folder_.path())) {
    if (entry.is_directory()) return true;
  }
  return false;
}

std::int64_t RunningApp::CountPrivateFiles() const {
  std::int64_t files = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(folder_.path())) {
    files += entry.path().parent_path() != folder_.path() ? 1 : 0;
  }
  return files;
}

bool RunningApp::WaitUntilStopped() const {
  int status = 0;
  return ::waitpid(pid_, &status, WUNTRACED) == pid_ && WIFSTOPPED(status);
}

int RunningApp::Wait() {
  if (!Witness(pid_).SeesTheEnd()) {
    Signal(SIGKILL);
    ::waitpid(std::exchange(pid_, -1), nullptr, 0);
    return -1000;
  }
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace taskgraph::test
