// SPDX-License-Identifier: Apache-2.0
#include "support/program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <system_error>
#include <utility>

namespace taskgraph::test {
namespace {

[[noreturn]] void Fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// What a child finds, made before it is there.
struct Birth {
  std::vector<char*> argv;
  std::vector<char*> envp;
  int output;
  int errors;
  int fd;
};

int OpenForMore(const std::string& path) {
  if (path.empty()) return -1;
  const int fd =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) Fail("cannot write " + path);
  return fd;
}

[[noreturn]] void Become(const Birth& birth) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (birth.output >= 0) ::dup2(birth.output, STDOUT_FILENO);
  if (birth.errors >= 0) ::dup2(birth.errors, STDERR_FILENO);
  if (birth.fd >= 0) ::fcntl(birth.fd, F_SETFD, 0);
  ::execve(birth.argv[0], birth.argv.data(), birth.envp.data());
  ::_exit(127);
}

}  // namespace

Folder::Folder(const std::string& name) {
  std::string path =
      (std::filesystem::temp_directory_path() / (name + "-XXXXXX")).string();
  if (::mkdtemp(path.data()) == nullptr) Fail("cannot make " + path);
  path_ = path;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Self() {
  return std::filesystem::read_symlink("/proc/self/exe").string();
}

std::string Tool(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(std::string(path == nullptr ? "" : path) +
                             ":/usr/sbin:/sbin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string file = folder + "/" + name;
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return {};
}

Program::Program(std::vector<std::string> arguments,
                 const Surroundings& surroundings) {
  if (arguments[0].find('/') == std::string::npos) {
    const std::filesystem::path self = Self();
    arguments[0] = (self.parent_path() / arguments[0]).string();
  }
  name_ = arguments[0];
  if (::access(name_.c_str(), X_OK) != 0) Fail("cannot start " + name_);
  std::vector<std::string> environment = surroundings.environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    environment.emplace_back(*entry);
  }
  const Birth birth{Pointers(arguments), Pointers(environment),
                    OpenForMore(surroundings.output),
                    OpenForMore(surroundings.errors), surroundings.fd};
  pid_ = ::fork();
  if (pid_ == 0) Become(birth);
  if (pid_ < 0) Fail("cannot start " + name_);
  for (const int fd : {birth.output, birth.errors}) {
    if (fd >= 0) ::close(fd);
  }
}

Program::Program(Program&& other) noexcept
    : name_(std::move(other.name_)), pid_(std::exchange(other.pid_, -1)) {}

Program::~Program() {
  if (pid_ <= 0) return;
  Signal(SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Program::Signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

bool Program::HasEnded() const {
  if (pid_ <= 0) return true;
  siginfo_t what{};
  ::waitid(P_PID, static_cast<id_t>(pid_), &what, WEXITED | WNOHANG | WNOWAIT);
  return what.si_pid == pid_;
}

int Program::Wait() {
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void Program::Succeed() {
  const int code = Wait();
  if (code != 0) Fail(name_ + " ended with code " + std::to_string(code));
}

}  // namespace taskgraph::test
