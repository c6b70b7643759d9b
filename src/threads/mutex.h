// SPDX-License-Identifier: Apache-2.0
//
// Mutex, Lock and Condition: those of the standard library, for clang to check.
//
// Intuition: a sign on each drawer that says which key opens it. The standard
// mutex bears no signs; these do, and clang's thread-safety analysis (part of
// the static checks) refuses code that opens a drawer without its key. Other
// compilers see the standard types and nothing else.
//
//   threads::Mutex mutex_;
//   int count_ TASKGRAPH_GUARDED_BY(mutex_) = 0;
//   void Add() TASKGRAPH_REQUIRES(mutex_) { ++count_; }
//
// It follows no lock into a std::function, nor into a predicate of a wait:
// callbacks that run under a lock begin with `mutex_.AssertHeld()`, and waits
// are loops. The attributes: clang.llvm.org/docs/ThreadSafetyAnalysis.html.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define TASKGRAPH_ATTRIBUTE(x) __attribute__((x))
#else
#define TASKGRAPH_ATTRIBUTE(x)
#endif

// Of a variable: only with the mutex held.
#define TASKGRAPH_GUARDED_BY(mutex) TASKGRAPH_ATTRIBUTE(guarded_by(mutex))
// Of a function: its caller holds the mutex; its caller must not hold it.
#define TASKGRAPH_REQUIRES(mutex) \
  TASKGRAPH_ATTRIBUTE(requires_capability(mutex))
#define TASKGRAPH_EXCLUDES(mutex) TASKGRAPH_ATTRIBUTE(locks_excluded(mutex))
// Of a function that returns a reference to the mutex.
#define TASKGRAPH_RETURNS(mutex) TASKGRAPH_ATTRIBUTE(lock_returned(mutex))

namespace taskgraph::threads {

class TASKGRAPH_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  // Tells the analysis, and the reader, what neither can see; checks nothing.
  void AssertHeld() const TASKGRAPH_ATTRIBUTE(assert_capability(this)) {}

 private:
  friend class Lock;
  std::mutex mutex_;
};

// Holds the mutex for as long as it lives.
class TASKGRAPH_ATTRIBUTE(scoped_lockable) Lock {
 public:
  explicit Lock(Mutex& mutex) TASKGRAPH_ATTRIBUTE(acquire_capability(mutex))
      : lock_(mutex.mutex_) {}
  ~Lock() TASKGRAPH_ATTRIBUTE(release_capability()) {}
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  friend class Condition;
  std::unique_lock<std::mutex> lock_;
};

// Waits give the lock up meanwhile, and may end without a reason: loop.
class Condition {
 public:
  void Wait(Lock& lock) { condition_.wait(lock.lock_); }
  void WaitFor(Lock& lock, std::chrono::nanoseconds at_most) {
    condition_.wait_for(lock.lock_, at_most);
  }
  // False: it is `when`, or later.
  bool WaitUntil(Lock& lock, std::chrono::steady_clock::time_point when) {
    return condition_.wait_until(lock.lock_, when) ==
           std::cv_status::no_timeout;
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace taskgraph::threads
