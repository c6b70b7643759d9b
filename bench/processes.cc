// SPDX-License-Identifier: Apache-2.0
#include "processes.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>
#include <system_error>
#include <utility>

#include "measure.h"

namespace taskgraph::bench {

Folder::Folder() {
  std::string path =
      (std::filesystem::temp_directory_path() / "bench-taskgraph-XXXXXX")
          .string();
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

Program::Program(std::vector<std::string> arguments, int fd) {
  if (arguments[0].find('/') == std::string::npos) {
    const std::filesystem::path self = Self();
    arguments[0] = (self.parent_path() / arguments[0]).string();
  }
  name_ = arguments[0];
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  // Onto itself: the child's loses the mark that closes it.
  if (fd >= 0) ::posix_spawn_file_actions_adddup2(&actions, fd, fd);
  const int error = ::posix_spawn(&pid_, name_.c_str(), &actions, nullptr,
                                  argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) Fail("cannot start " + name_);
}

Program::Program(Program&& other) noexcept
    : name_(std::move(other.name_)), pid_(std::exchange(other.pid_, -1)) {}

Program::~Program() {
  if (pid_ <= 0) return;
  Signal(SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Program::Signal(int number) const { ::kill(pid_, number); }

int Program::Wait() {
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void Program::Succeed() {
  const int code = Wait();
  if (code != 0) Fail(name_ + " ended with code " + std::to_string(code));
}

std::optional<int> PlayRole(const Job& job, int argc, char** argv) {
  const std::string_view role = argc > 1 ? argv[1] : "";
  if (role != "run" && role != "node" && role != "controller") return {};
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // No job outlives its measurement.
  return Main(job, argc, argv);
}

Program StartJob(std::vector<std::string> arguments) {
  // Jobs at one coordinator must not meet, not even after their end.
  static int jobs = 0;
  const std::string name =
      "bench-" + std::to_string(::getpid()) + "-" + std::to_string(++jobs);
  const std::vector<std::string> run = {Self(), "run", "--quiet",
                                        "--log-level=error", "--name=" + name};
  arguments.insert(arguments.begin(), run.begin(), run.end());
  return Program(std::move(arguments));
}

void RunJob(std::vector<std::string> arguments) {
  StartJob(std::move(arguments)).Succeed();
}

std::string Setting(const std::string& name, const std::string& value) {
  return "--config=" + name + "=" + value;
}

std::string Setting(const std::string& name, double value) {
  return Setting(name, std::to_string(static_cast<long long>(value)));
}

}  // namespace taskgraph::bench
