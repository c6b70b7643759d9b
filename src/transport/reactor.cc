// SPDX-License-Identifier: Apache-2.0
#include "transport/reactor.h"

#include <algorithm>
#include <chrono>

#include "transport/reactor_backend.h"

namespace taskgraph::transport {

Reactor::Reactor() : backend_(std::make_unique<Backend>()) {}
Reactor::~Reactor() = default;

void Reactor::Poll(Duration wait_max) {
  // The end of a longer one could overflow.
  constexpr Duration kWaitMax = std::chrono::hours(24);
  Backend& backend = *backend_;
  ++backend.round_;
  backend.running_.swap(backend.chores_);
  for (const auto& chore : backend.running_) chore->Run();
  backend.running_.clear();

  // One handler, not all: looking for more would cost a system call each time,
  // which the next Poll makes anyway, and which need not wait for chores that
  // go on.
  if (wait_max <= Duration::zero() || !backend.chores_.empty()) {
    backend.io_.poll_one();
  } else {
    backend.WakeBy(Backend::Alarm::clock_type::now() +
                   std::min(wait_max, kWaitMax));
    backend.io_.run_one();
  }
}

// An alarm that is set earlier stays: it ends one Poll too soon, once, while a
// new one would cost a system call in every Poll, and a timeout of the wait
// itself would cost the kernel's making and breaking a timer.
void Reactor::Backend::WakeBy(Alarm::time_point end) {
  if (alarm_set_ && alarm_.expiry() <= end) return;
  alarm_set_ = true;
  alarm_.expires_at(end);
  alarm_.async_wait([this](const asio::error_code& error) {
    if (!error) alarm_set_ = false;
  });
}

void Reactor::Wake() {
  if (backend_->waking_.exchange(true)) return;
  asio::post(backend_->io_, [this] { backend_->waking_ = false; });
}

void Reactor::Post(std::function<void()> work) {
  asio::post(backend_->io_, std::move(work));
}

}  // namespace taskgraph::transport
