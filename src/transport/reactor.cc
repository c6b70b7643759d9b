// SPDX-License-Identifier: Apache-2.0
#include "transport/reactor.h"

#include <algorithm>
#include <chrono>

#include "transport/reactor_backend.h"

namespace taskgraph::transport {

Reactor::Reactor() : backend_(std::make_unique<Backend>()) {}
Reactor::~Reactor() = default;

void Reactor::Poll(Duration wait_max) {
  // Asio adds the wait to the time of day; a longer one could overflow.
  constexpr Duration kWaitMax = std::chrono::hours(24);
  Backend& backend = *backend_;
  ++backend.round_;
  backend.running_.swap(backend.chores_);
  for (const auto& chore : backend.running_) chore->Run();
  backend.running_.clear();

  // One handler, not all: looking for more would cost a system call each time,
  // which the next Poll makes anyway.
  if (wait_max <= Duration::zero()) {
    backend.io_.poll_one();
  } else {
    backend.io_.run_one_for(std::min(wait_max, kWaitMax));
  }
}

void Reactor::Wake() {
  if (backend_->waking_.exchange(true)) return;
  asio::post(backend_->io_, [this] { backend_->waking_ = false; });
}

void Reactor::Post(std::function<void()> work) {
  asio::post(backend_->io_, std::move(work));
}

}  // namespace taskgraph::transport
