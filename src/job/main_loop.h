// SPDX-License-Identifier: Apache-2.0
//
// MainLoop: the thread that called Main, waiting for what concerns the process
// as a whole: signals, ended children, times, and news from other threads.
//
// Intuition: the doorman of the house. The work is done upstairs, by threads of
// its own; he only minds the doorbells, one at a time.
//
// Threads: Post may be called by any; all else belongs to the thread that calls
// Run, which also runs all callbacks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "core/assignment.h"
#include "taskgraph/types.h"
#include "threads/mutex.h"

namespace taskgraph::job {

class MainLoop {
 public:
  using Callback = std::function<void()>;

  MainLoop();
  ~MainLoop();
  MainLoop(const MainLoop&) = delete;
  MainLoop& operator=(const MainLoop&) = delete;

  // Calls `bell` whenever `fd` is readable, until Unwatch.
  void Watch(int fd, Callback bell);
  void Unwatch(int fd);

  // Calls `alarm` once, after `delay`.
  void After(Duration delay, Callback alarm);

  // Any thread: calls `note` soon, in the order posted.
  void Post(Callback note);

  // Waits and calls until Leave is called by one of the callbacks.
  void Run();
  void Leave() { leaving_ = true; }

 private:
  int WaitMs() const;
  void WaitForBells();
  void RunNotes();
  void RunAlarms();

  int wake_fd_;
  int epoll_fd_;
  bool leaving_ = false;
  std::map<int, Callback> bells_;
  std::multimap<core::Time, Callback> alarms_;
  threads::Mutex mutex_;
  std::vector<Callback> notes_ TASKGRAPH_GUARDED_BY(mutex_);
};

}  // namespace taskgraph::job
