// SPDX-License-Identifier: Apache-2.0
//
// Contact: what this process has heard of its coordinator so far, so that one
// that waits in vain can say for what.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "coordination/coordinator.h"
#include "job/main_loop.h"
#include "runtime/log.h"

namespace taskgraph::job {

using MakeCoordinator =
    std::function<std::unique_ptr<coordination::Coordinator>(
        coordination::Sink)>;

// Thread-safe.
class Contact {
 public:
  // `endpoints` as the user wrote them.
  Contact(std::string job, const std::vector<std::string>& endpoints);

  // Makes coordinators as `make` does, and listens in.
  MakeCoordinator ListenIn(MakeCoordinator make);

  // The job is, or was, at the coordinator.
  bool job_found() const { return heard_->job_found.load(); }

  // "no coordinator answers at HOST:PORT", or what else is missing.
  std::string DescribeMissing() const;

 private:
  struct Heard {
    std::atomic<bool> answer{false};
    std::atomic<bool> job_found{false};
  };

  std::string job_;
  std::string endpoints_;
  std::shared_ptr<Heard> heard_ = std::make_shared<Heard>();
};

// Waits at most `limit` (0: for ever) for the job to be found, with a line in
// the log every few seconds; then calls `give_up`. The contact must outlive the
// loop's run.
struct Patience {
  Duration limit;
  runtime::Log log;
  std::function<void(const std::string& why)> give_up;
};
void WaitForContact(MainLoop& loop, const Contact& contact, Patience patience);

}  // namespace taskgraph::job
