// SPDX-License-Identifier: Apache-2.0
//
// Progress: how a job is going, for the person in front of it. On a terminal
// one line that is written over and over; elsewhere a line now and then, when
// there is news. Always on stderr: stdout is the application's.
#pragma once

#include <optional>
#include <string>

#include "job/chronicle.h"

namespace taskgraph::job {

class Progress {
 public:
  enum class Style : std::uint8_t { kSilent, kOneLine, kLines };

  // What suits stderr as it is.
  static Style StyleOfStderr();

  Progress(Style style, std::string job)
      : style_(style), job_(std::move(job)) {}

  // How often Show is of use.
  Duration interval() const;

  void Show(const Standing& standing, Duration since_start);

  // Takes the one line away.
  void Clear();

 private:
  const Style style_;
  const std::string job_;
  std::optional<Standing> shown_;
};

// "15/15 tasks on 5 nodes, epoch 12, 1 failure, 3.2 s".
std::string Describe(const Standing& standing, Duration since_start);

}  // namespace taskgraph::job
