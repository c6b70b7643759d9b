// SPDX-License-Identifier: Apache-2.0
#include "transport/complaints.h"

#include <utility>

namespace taskgraph::transport {

void Complaints::Add(std::string_view line) {
  if (!open()) {
    beats_left_ = rules_.window_beats;
    told_ = 0;
  }
  if (told_ < rules_.lines_max) {
    ++told_;
    log_(line);
    return;
  }
  ++left_out_;
  last_ = line;
}

void Complaints::Tick() {
  if (open() && --beats_left_ == 0) Close();
}

void Complaints::Close() {
  beats_left_ = 0;
  const std::size_t count = std::exchange(left_out_, 0);
  if (count == 0) return;
  log_(std::to_string(count) +
       " more connections were ended since then; the last line would have "
       "been: " +
       std::exchange(last_, {}));
}

}  // namespace taskgraph::transport
