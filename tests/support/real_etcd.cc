// SPDX-License-Identifier: Apache-2.0
#include "support/real_etcd.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "support/free_port.h"

namespace taskgraph::test {
namespace {

constexpr char kBinary[] = "/usr/bin/etcd";
constexpr char kStrace[] = "/usr/bin/strace";
constexpr int kAttempts = 10;  // For ports that somebody else took meanwhile.

std::string Url(std::uint16_t port) {
  return "http://127.0.0.1:" + std::to_string(port);
}

// In the child: becomes etcd, and dies with the test.
[[noreturn]] void Become(std::vector<std::string> arguments, int log) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

// Reads etcd's log to its end, so that it never waits for us, and tells whether
// it came to serve.
void ReadLog(int fd, std::promise<bool>& serves) {
  FILE* log = ::fdopen(fd, "r");
  char* line = nullptr;
  std::size_t capacity = 0;
  bool told = false;
  while (::getline(&line, &capacity, log) > 0) {
    const bool ready =
        std::string(line).find("client requests on") != std::string::npos;
    if (ready && !std::exchange(told, true)) serves.set_value(true);
  }
  if (!told) serves.set_value(false);
  std::free(line);
  std::fclose(log);
}

}  // namespace

bool RealEtcd::IsInstalled() { return std::filesystem::exists(kBinary); }

RealEtcd::RealEtcd(TlsFiles tls, std::vector<std::string> more)
    : tls_(std::move(tls)), more_(std::move(more)) {
  std::string folder =
      (std::filesystem::temp_directory_path() / "taskgraph-etcd-XXXXXX")
          .string();
  if (!::mkdtemp(folder.data())) std::abort();
  folder_ = folder;
  for (int i = 0; i < kAttempts; ++i) {
    client_port_ = FreePort();
    peer_port_ = FreePort();
    endpoint_ = ClientUrl();
    if (Start()) return;
  }
  std::fprintf(stderr, "etcd does not start\n");
  std::abort();
}

RealEtcd::~RealEtcd() {
  Kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

bool RealEtcd::Start() {
  std::vector<std::string> arguments = wrapper_;
  arguments.insert(
      arguments.end(),
      {kBinary, "--name=test", "--data-dir=" + (folder_ / "data").string(),
       "--listen-client-urls=" + ClientUrl(),
       "--advertise-client-urls=" + ClientUrl(),
       "--listen-peer-urls=" + Url(peer_port_),
       "--initial-advertise-peer-urls=" + Url(peer_port_),
       "--initial-cluster=test=" + Url(peer_port_)});
  if (!tls_.empty()) {
    arguments.insert(
        arguments.end(),
        {"--cert-file=" + tls_.certificate, "--key-file=" + tls_.key,
         "--trusted-ca-file=" + tls_.authority, "--client-cert-auth"});
  }
  arguments.insert(arguments.end(), more_.begin(), more_.end());
  int log[2];
  if (::pipe2(log, O_CLOEXEC) != 0) std::abort();
  pid_ = ::fork();
  if (pid_ == 0) Become(arguments, log[1]);
  ::close(log[1]);
  const auto serves = std::make_shared<std::promise<bool>>();
  log_reader_ = std::thread([fd = log[0], serves] { ReadLog(fd, *serves); });
  if (serves->get_future().get()) return true;
  Kill();
  return false;
}

void RealEtcd::EndWith(int signal) {
  if (pid_ <= 0) return;
  ::kill(pid_, signal);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  log_reader_.join();
}

std::string RealEtcd::ClientUrl() const {
  return (tls_.empty() ? "http" : "https") + Url(client_port_).substr(4);
}

CommandOutcome RealEtcd::Say(std::vector<std::string> command) const {
  std::vector<std::string> arguments = {"/usr/bin/etcdctl",
                                        "--endpoints=" + endpoint_};
  if (!tls_.empty()) {
    arguments.insert(arguments.end(),
                     {"--cert=" + tls_.certificate, "--key=" + tls_.key,
                      "--cacert=" + tls_.authority});
  }
  arguments.insert(arguments.end(), command.begin(), command.end());
  return RunCommand(arguments, {}, {"ETCDCTL_API=3"});
}

void RealEtcd::Kill() { EndWith(SIGKILL); }

void RealEtcd::Stop() { EndWith(SIGTERM); }

void RealEtcd::Restart() {
  wrapper_.clear();
  StartAgain();
}

void RealEtcd::StartAgain() {
  Kill();
  for (int i = 0; i < kAttempts; ++i) {
    if (Start()) return;
  }
  std::fprintf(stderr, "etcd does not start again\n");
  std::abort();
}

void RealEtcd::RestartEmpty() {
  Kill();
  std::filesystem::remove_all(folder_ / "data");
  Restart();
}

bool RealEtcd::CanSlowDisk() { return std::filesystem::exists(kStrace); }

void RealEtcd::RestartOnSlowDisk(std::chrono::milliseconds longer) {
  constexpr char kCalls[] = "fdatasync,fsync";
  // The tracer is nobody's child, and only those calls wait for it.
  wrapper_ = {kStrace,
              "-D",
              "-f",
              "-qq",
              "--seccomp-bpf",
              "--output=/dev/null",
              std::string("--trace=") + kCalls,
              std::string("--inject=") + kCalls +
                  ":delay_enter=" + std::to_string(longer.count() * 1000)};
  StartAgain();
}

void RealEtcd::Pause() { ::kill(pid_, SIGSTOP); }

void RealEtcd::Continue() { ::kill(pid_, SIGCONT); }

}  // namespace taskgraph::test
