// SPDX-License-Identifier: Apache-2.0
#include "transport/resolver.h"

#include <utility>

namespace taskgraph::transport {

Resolver::~Resolver() {
  {
    const threads::Lock lock(mutex_);
    stopping_ = true;
    questions_.clear();
    asked_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void Resolver::Find(TcpAddress address, std::function<void(Found)> done) {
  if (!thread_.joinable()) thread_ = std::thread([this] { Work(); });
  const threads::Lock lock(mutex_);
  questions_.push_back({std::move(address), std::move(done)});
  asked_.NotifyAll();
}

void Resolver::Work() {
  while (true) {
    Question question;
    {
      threads::Lock lock(mutex_);
      while (!stopping_ && questions_.empty()) asked_.Wait(lock);
      if (stopping_) return;
      question = std::move(questions_.front());
      questions_.pop_front();
    }
    Found found = LookUp(question.address, HostIs::kAny);
    backend_.Post([done = std::move(question.done), found = std::move(found)] {
      done(found);
    });
  }
}

}  // namespace taskgraph::transport
