// SPDX-License-Identifier: Apache-2.0
//
// SideThread: the real work of a process, done beside its main loop.
#pragma once

#include <functional>
#include <thread>

#include "core/vocabulary.h"
#include "job/main_loop.h"
#include "taskgraph/error.h"

namespace taskgraph::job {

class SideThread {
 public:
  using Work = std::function<Result<core::JobEnd>()>;

  // Runs `work`, and then `finished` on the loop. An exception of the work's is
  // an error.
  SideThread(MainLoop& loop, Work work,
             std::function<void(Result<core::JobEnd>)> finished);
  // Waits for the work to end.
  ~SideThread() { thread_.join(); }
  SideThread(const SideThread&) = delete;
  SideThread& operator=(const SideThread&) = delete;

 private:
  std::thread thread_;
};

}  // namespace taskgraph::job
