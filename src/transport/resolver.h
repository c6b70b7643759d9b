// SPDX-License-Identifier: Apache-2.0
//
// Resolver: looks names of hosts up while the loop goes on.
//
// Intuition: a clerk in the next room. The system's own way to ask for a name
// may take seconds and can't be called off, so it happens on a thread, one name
// after the other; the answer is brought to the loop's table. Without names to
// look up there is no thread.
//
// For who holds the loop.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "threads/mutex.h"
#include "transport/endpoint.h"
#include "transport/reactor_backend.h"

namespace taskgraph::transport {

class Resolver {
 public:
  using Found = Result<std::vector<Endpoint>>;

  explicit Resolver(Reactor::Backend& backend) : backend_(backend) {}
  // Waits for the name that is being looked up, and forgets the others.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Calls `done` from within a Poll, if what was returned is still held then.
  // What nobody waits for any more is not looked up. What `done` holds may be
  // let go of on the other thread.
  [[nodiscard]] std::shared_ptr<void> Find(TcpAddress address,
                                           std::function<void(Found)> done);

 private:
  struct Question {
    TcpAddress address;
    std::weak_ptr<void> asker;
    std::function<void(Found)> done;
  };

  void Work();

  Reactor::Backend& backend_;
  std::thread thread_;
  threads::Mutex mutex_;
  threads::Condition asked_;
  std::deque<Question> questions_ TASKGRAPH_GUARDED_BY(mutex_);
  bool stopping_ TASKGRAPH_GUARDED_BY(mutex_) = false;
};

}  // namespace taskgraph::transport
