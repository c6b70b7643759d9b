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

std::shared_ptr<void> Resolver::Find(TcpAddress address,
                                     std::function<void(Found)> done) {
  if (!thread_.joinable()) thread_ = std::thread([this] { Work(); });
  auto asker = std::make_shared<char>();
  const threads::Lock lock(mutex_);
  questions_.push_back({std::move(address), asker, std::move(done)});
  asked_.NotifyAll();
  return asker;
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
    if (question.asker.expired()) continue;
    auto answer = [question, found = LookUp(question.address, HostIs::kAny)] {
      if (!question.asker.expired()) question.done(found);
    };
    backend_.Post(std::move(answer));
  }
}

}  // namespace taskgraph::transport
