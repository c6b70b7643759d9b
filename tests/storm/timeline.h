// SPDX-License-Identifier: Apache-2.0
//
// Timeline: what a storm did, and when; written down as it happens, so that it
// is there whatever happens next.
#pragma once

#include <chrono>
#include <fstream>
#include <string>

#include "storm/passing.h"

namespace taskgraph::storm {

class Timeline {
 public:
  explicit Timeline(const std::string& path) : file_(path) {}

  double seconds() const {
    return std::chrono::duration<double>(Clock::now() - start_).count();
  }

  void Note(const std::string& what) {
    char time[32];
    std::snprintf(time, sizeof time, "%9.3f s  ", seconds());
    file_ << time << what << std::endl;
  }

 private:
  const Clock::time_point start_ = Clock::now();
  std::ofstream file_;
};

}  // namespace taskgraph::storm
