// SPDX-License-Identifier: Apache-2.0
#include "resources/heap_meter.h"

#include <malloc.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace taskgraph::test {
namespace {

constexpr int kAttempts = 20;

sockaddr_un AddressOf(const std::string& folder, pid_t pid) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = folder + "/" + std::to_string(pid);
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

std::int64_t Allocated() {
  const struct mallinfo2 info = ::mallinfo2();
  return static_cast<std::int64_t>(info.uordblks + info.hblkhd);
}

void Answer(int listener) {
  while (true) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const std::int64_t bytes = Allocated();
    [[maybe_unused]] const auto sent =
        ::send(fd, &bytes, sizeof bytes, MSG_NOSIGNAL);
    ::close(fd);
  }
}

std::optional<std::int64_t> Ask(const std::string& folder, pid_t pid) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = AddressOf(folder, pid);
  std::int64_t bytes = 0;
  const bool answered =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address),
                sizeof address) == 0 &&
      ::recv(fd, &bytes, sizeof bytes, MSG_WAITALL) == sizeof bytes;
  ::close(fd);
  if (!answered) return std::nullopt;
  return bytes;
}

}  // namespace

void StartHeapMeter() {
  const char* folder = std::getenv(kHeapMeterFolder);
  if (folder == nullptr) return;
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = AddressOf(folder, ::getpid());
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
          0 ||
      ::listen(fd, 16) != 0) {
    std::abort();
  }
  sigset_t all;  // Signals are for the program's own threads.
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([fd] { Answer(fd); }).detach();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

std::optional<std::int64_t> HeapBytes(const std::string& folder, pid_t pid) {
  std::optional<std::int64_t> least;
  for (int i = 0; i < kAttempts; ++i) {
    const auto bytes = Ask(folder, pid);
    if (bytes) least = std::min(least.value_or(*bytes), *bytes);
  }
  return least;
}

}  // namespace taskgraph::test
