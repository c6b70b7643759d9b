// SPDX-License-Identifier: Apache-2.0
#include "job/progress.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>

namespace taskgraph::job {
namespace {

using namespace std::chrono_literals;

std::string Count(std::uint64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

// One call, so that lines of other processes do not come in between; if it
// fails nobody wanted to see it.
void WriteToStderr(const std::string& text) {
  [[maybe_unused]] const auto written =
      ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

std::string Describe(const Standing& standing, Duration since_start) {
  const auto tenths = since_start / 100ms;
  std::string text = std::to_string(standing.tasks_placed) + "/" +
                     Count(standing.tasks, "task") + " on " +
                     Count(standing.nodes, "node") + ", epoch " +
                     std::to_string(standing.epoch);
  if (standing.failures > 0) text += ", " + Count(standing.failures, "failure");
  if (standing.ending) text += ", ending";
  return text + ", " + std::to_string(tenths / 10) + "." +
         std::to_string(tenths % 10) + " s";
}

Progress::Style Progress::StyleOfStderr() {
  return ::isatty(STDERR_FILENO) == 1 ? Style::kOneLine : Style::kLines;
}

Duration Progress::interval() const {
  return style_ == Style::kOneLine ? 100ms : 1000ms;
}

void Progress::Show(const Standing& standing, Duration since_start) {
  if (style_ == Style::kSilent) return;
  const std::string text = job_ + ": " + Describe(standing, since_start);
  if (style_ == Style::kOneLine) {
    // Back at its beginning, so that the next line of a log replaces it.
    WriteToStderr("\033[K" + text + "\r");
  } else if (shown_ != standing) {
    WriteToStderr(text + "\n");
  }
  shown_ = standing;
}

void Progress::Clear() {
  if (style_ == Style::kOneLine && shown_) WriteToStderr("\033[K");
  shown_.reset();
}

}  // namespace taskgraph::job
