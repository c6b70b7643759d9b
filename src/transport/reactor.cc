// SPDX-License-Identifier: Apache-2.0
#include "transport/reactor.h"

#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "transport/reactor_backend.h"

namespace taskgraph::transport {
namespace {

// The end of a longer wait could overflow.
constexpr Duration kWaitMax = std::chrono::hours(24);

// What the system returned, unless it was an error.
int Checked(int result, const char* what) {
  if (result < 0) {
    throw std::system_error(errno, std::system_category(), what);
  }
  return result;
}

}  // namespace

Reactor::Reactor(Duration busy_poll)
    : backend_(std::make_unique<Backend>(busy_poll)) {}
Reactor::~Reactor() = default;
void Reactor::Poll(Duration wait_max) { backend_->Poll(wait_max); }
void Reactor::Wake() { backend_->Wake(); }
void Reactor::Post(std::function<void()> work) {
  backend_->Post(std::move(work));
}

class Reactor::Backend::Bell final : public Watch {
 public:
  explicit Bell(Backend& backend) : backend_(backend) {}
  void Ready(std::uint32_t) override { backend_.RingTimers(); }

 private:
  Backend& backend_;
};

// Neither the knocks nor the alarm are ever read: an edge comes with each.
Reactor::Backend::Backend(Duration busy_poll)
    : bell_(std::make_unique<Bell>(*this)), busy_polling_(busy_poll) {
  try {
    epoll_ = Checked(::epoll_create1(EPOLL_CLOEXEC), "epoll");
    knock_ = Checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
    alarm_ =
        Checked(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
                "timerfd");
    epoll_event knocks{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
    Checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, knock_, &knocks), "epoll");
    epoll_event alarms{.events = EPOLLIN | EPOLLET,
                       .data = {.ptr = bell_.get()}};
    Checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, alarm_, &alarms), "epoll");
  } catch (...) {
    for (const int descriptor : {epoll_, knock_, alarm_}) {
      if (descriptor >= 0) ::close(descriptor);
    }
    throw;
  }
}

Reactor::Backend::~Backend() {
  // What was left undone may hold sockets, whose watches end here.
  chores_.clear();
  std::vector<std::function<void()>> posted;
  {
    const threads::Lock lock(mutex_);
    posted.swap(posted_);
  }
  posted.clear();
  for (auto ended = std::move(ended_); !ended.empty();) {
    ended_.clear();
    ended.clear();
    ended.swap(ended_);
  }
  for (const int descriptor : {epoll_, knock_, alarm_}) ::close(descriptor);
}

// --- The rounds ---

void Reactor::Backend::Poll(Duration wait_max) {
  ++round_;
  if (!ended_.empty()) std::exchange(ended_, {}).clear();
  RunChores();
  // What was posted may be for who called Poll.
  const bool is_busy = RunPosted() || !chores_.empty();
  if (at_ == cycle_.size()) {
    Fetch(is_busy || !due_.empty() ? Duration::zero() : wait_max);
    cycle_.clear();
    cycle_.swap(due_);
    at_ = 0;
  }
  // One, not all: what it brings in may be urgent.
  while (at_ < cycle_.size()) {
    Watch* const watch = cycle_[at_++];
    if (watch == nullptr) continue;
    watch->Ready(std::exchange(watch->due_, 0));
    break;
  }
}

void Reactor::Backend::RunChores() {
  if (chores_.empty()) return;
  running_.swap(chores_);
  for (const auto& chore : running_) chore->Run();
  running_.clear();
}

bool Reactor::Backend::RunPosted() {
  if (!has_posted_.load()) return false;
  std::vector<std::function<void()>> posted;
  {
    const threads::Lock lock(mutex_);
    posted.swap(posted_);
    has_posted_.store(false);
  }
  for (const std::function<void()>& work : posted) work();
  return true;
}

void Reactor::Backend::Fetch(Duration wait_max) {
  Events events;
  int count = 0;
  if (wait_max > Duration::zero()) count = Look(events, wait_max);
  if (count <= 0) count = Sleep(events, wait_max);
  woken_.exchange(false);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.ptr == nullptr) continue;  // A knock.
    TellLater(event.events, *static_cast<Watch*>(event.data.ptr));
  }
}

int Reactor::Backend::Look(Events& events, Duration& wait_max) {
  if (woken_.load()) return 0;
  const Duration length = std::min(busy_polling_.Next(), wait_max);
  if (length == Duration::zero()) return 0;
  const TimePoint end = Now() + length;
  int count = 0;
  bool is_over = false;
  while (count <= 0 && !is_over && !woken_.load()) {
    count = ::epoll_wait(epoll_, events.data(), events.size(), 0);
    is_over = count <= 0 && Now() >= end;
  }
  wait_max = is_over ? wait_max - length : Duration::zero();
  // An alarm comes when it must, looked out for or not; so does a late knock.
  const auto is_news = [&](const epoll_event& event) {
    return event.data.ptr != nullptr && event.data.ptr != bell_.get();
  };
  const bool was_worth_it =
      count > 0 ? std::any_of(events.data(), events.data() + count, is_news)
                : !is_over;
  busy_polling_.Tell(was_worth_it);
  return count;
}

int Reactor::Backend::Sleep(Events& events, Duration wait_max) {
  int timeout = 0;
  if (wait_max > Duration::zero()) {
    WakeWithin(std::min(wait_max, kWaitMax));
    asleep_.store(true);  // Before it is looked whether somebody woke us.
    timeout = woken_.load() ? 0 : -1;
  }
  const int count = ::epoll_wait(epoll_, events.data(), events.size(), timeout);
  asleep_.store(false, std::memory_order_relaxed);
  return count;
}

// --- From other threads ---

void Reactor::Backend::Wake() {
  if (woken_.exchange(true) || !asleep_.load()) return;
  const std::uint64_t one = 1;
  // It fails only when 2^64 knocks were not heard.
  [[maybe_unused]] const auto ignored = ::write(knock_, &one, sizeof one);
}

void Reactor::Backend::Post(std::function<void()> work) {
  {
    const threads::Lock lock(mutex_);
    posted_.push_back(std::move(work));
    has_posted_.store(true);
  }
  Wake();
}

// --- Watches ---

int Reactor::Backend::Begin(int descriptor, std::uint32_t events,
                            Watch& watch) {
  epoll_event wanted{.events = events | EPOLLET, .data = {.ptr = &watch}};
  const int result = ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &wanted);
  return result == 0 ? 0 : errno;
}

int Reactor::Backend::Change(int descriptor, std::uint32_t events,
                             Watch& watch) {
  epoll_event wanted{.events = events | EPOLLET, .data = {.ptr = &watch}};
  const int result = ::epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &wanted);
  return result == 0 ? 0 : errno;
}

void Reactor::Backend::TellLater(std::uint32_t events, Watch& watch) {
  if (watch.due_ == 0) due_.push_back(&watch);
  watch.due_ |= events;
}

void Reactor::Backend::End(int descriptor, std::unique_ptr<Watch> watch) {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
  if (watch->due_ != 0) {
    constexpr Watch* kNobody = nullptr;
    std::ranges::replace(cycle_, watch.get(), kNobody);
    std::ranges::replace(due_, watch.get(), kNobody);
  }
  ended_.push_back(std::move(watch));
}

// --- Time ---

// An alarm that is set earlier stays: it ends one Poll too soon, once, while a
// new one would cost a system call in every Poll, and a timeout of the wait
// itself would cost the kernel's making and breaking a timer. Most of the time
// not even the clock is asked.
void Reactor::Backend::WakeWithin(Duration wait_max) {
  if (alarm_at_ <= noted_ + wait_max) return;
  noted_ = Now();
  WakeBy(noted_ + wait_max);
}

void Reactor::Backend::WakeBy(TimePoint end) {
  if (alarm_at_ <= end) return;
  alarm_at_ = end;
  using std::chrono::nanoseconds;
  // A moment of 0 would turn it off.
  const std::int64_t at = std::max<std::int64_t>(
      std::chrono::duration_cast<nanoseconds>(end.time_since_epoch()).count(),
      1);
  constexpr std::int64_t kSecond = std::nano::den;
  const itimerspec alarm{
      .it_interval = {},
      .it_value = {.tv_sec = at / kSecond, .tv_nsec = at % kSecond}};
  ::timerfd_settime(alarm_, TFD_TIMER_ABSTIME, &alarm, nullptr);
}

void Reactor::Backend::RingTimers() {
  alarm_at_ = TimePoint::max();
  const TimePoint now = noted_ = Now();
  while (!timers_.empty()) {
    const auto next = std::ranges::min_element(timers_, {}, &Timer::at_);
    if ((*next)->at_ > now) return WakeBy((*next)->at_);
    const auto ring = std::exchange((*next)->ring_, nullptr);
    timers_.erase(next);
    ring();
  }
}

void Timer::Set(TimePoint at, std::function<void()> ring) {
  Stop();
  at_ = at;
  ring_ = std::move(ring);
  backend_.timers_.push_back(this);
  backend_.WakeBy(at);
}

void Timer::Stop() {
  if (ring_) std::erase(backend_.timers_, this);
  ring_ = nullptr;
}

}  // namespace taskgraph::transport
