// SPDX-License-Identifier: Apache-2.0
//
// A library to preload: the wall clock of its process is wrong by as many
// seconds as a file says, from the moment that it says so.
//
// Intuition: somebody turns the hands of the clock on the wall. The file,
// $CLOCK_SHIFT_FILE, holds one number of 64 bits and is mapped into every
// process that looks; who writes it moves all their clocks at once. Clocks that
// count on from the start of the machine are not touched: nobody can turn them.
//
// Times on the wall clock that a process waits for are turned back, so that it
// waits as long as it would if the kernel's clock were the one it reads.
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

using Seconds = std::atomic<std::int64_t>;

// No moment of a clock that counts from the machine's start is as late.
constexpr std::int64_t kCertainlyWall = 1'000'000'000;

const Seconds* Map() {
  const char* path = std::getenv("CLOCK_SHIFT_FILE");
  const int fd = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return nullptr;
  void* at = ::mmap(nullptr, sizeof(Seconds), PROT_READ, MAP_SHARED, fd, 0);
  ::close(fd);
  return at == MAP_FAILED ? nullptr : static_cast<const Seconds*>(at);
}

std::int64_t Shift() {
  static const Seconds* const seconds = Map();
  return seconds == nullptr ? 0 : seconds->load(std::memory_order_relaxed);
}

template <typename F>
F* Next(const char* name) {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

timespec ByTheKernel(const timespec& deadline) {
  timespec turned = deadline;
  if (deadline.tv_sec > kCertainlyWall) turned.tv_sec -= Shift();
  return turned;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  static const auto next = Next<int(clockid_t, timespec*)>("clock_gettime");
  const int result = next(clock, now);
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) {
    now->tv_sec += Shift();
  }
  return result;
}

int gettimeofday(timeval* now, void* zone) noexcept {
  static const auto next = Next<int(timeval*, void*)>("gettimeofday");
  const int result = next(now, zone);
  now->tv_sec += Shift();
  return result;
}

time_t time(time_t* now) noexcept {
  static const auto next = Next<time_t(time_t*)>("time");
  const time_t turned = next(nullptr) + Shift();
  if (now != nullptr) *now = turned;
  return turned;
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                           const timespec* deadline) {
  static const auto next =
      Next<int(pthread_cond_t*, pthread_mutex_t*, const timespec*)>(
          "pthread_cond_timedwait");
  const timespec turned = ByTheKernel(*deadline);
  return next(condition, mutex, &turned);
}

}  // extern "C"
