// SPDX-License-Identifier: Apache-2.0
//
// Results: a file with one line for each epoch.
//
// Intuition: what leaves the framework, the framework can't take back. If the
// root is killed after it told the world a result and before the epoch
// advanced, its successor works the epoch out again and tells it again. So the
// telling must be such that twice is the same as once: each result has its
// place in the file, by its epoch, and whoever writes there writes the same.
// Written before the epoch advances, none is missing; this holds under kill -9
// at any moment. (examples/digits shows the other way: state that the tasks
// keep for each other.)
//
// On several hosts the file must be on a file system that they share.
#pragma once

#include <cstdint>
#include <string>

#include "taskgraph/types.h"

namespace regression {

class Results {
 public:
  explicit Results(std::string path) : path_(std::move(path)) {}

  // They throw std::runtime_error that names the file and the cause.
  void Put(taskgraph::Epoch epoch, std::int64_t result) const;
  // The results of epochs 0..last, one a line, without a line end at the end.
  std::string UpTo(taskgraph::Epoch last) const;

 private:
  [[noreturn]] void Fail(const char* what) const;

  std::string path_;
};

}  // namespace regression
