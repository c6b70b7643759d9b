// SPDX-License-Identifier: Apache-2.0
//
// EventLog: what happened in a job, as lines of JSON for programs to follow
// (`--events FILE`). A line is in the file when Write returns.
//
// What can't be written is dropped, whole lines of it, and said once for each
// shortage: no job fails for it. If FILE is a pipe, its reader may lag by a
// megabyte and, once in each shortage, is waited for for half a second. Not
// thread-safe.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "runtime/log.h"
#include "taskgraph/error.h"

namespace taskgraph::job {

class EventLog {
 public:
  // Begins `path` anew; empty: events go nowhere.
  static Result<EventLog> Open(const std::string& path, runtime::Log log);

  EventLog(EventLog&& other) noexcept;
  EventLog& operator=(EventLog&&) = delete;
  ~EventLog();

  bool wanted() const { return fd_ >= 0; }
  // `line` without its end.
  void Write(std::string line);

 private:
  EventLog(std::string path, int fd, runtime::Log log);

  bool ReaderLags() const;
  int Reserve(std::size_t bytes) const;
  void TakeBack(ssize_t bytes) const;
  void Complain(const char* why);

  std::string path_;
  int fd_;
  bool is_pipe_ = false;
  runtime::Log log_;
  bool complained_ = false;
};

}  // namespace taskgraph::job
