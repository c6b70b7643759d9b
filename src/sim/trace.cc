// SPDX-License-Identifier: Apache-2.0
#include "sim/trace.h"

#include <cstdio>
#include <utility>

#include "sim/random.h"

namespace taskgraph::sim {

std::string Stamp(Time time) {
  char text[32];
  const long long us =
      std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  std::snprintf(text, sizeof text, "%lld.%06lld", us / 1'000'000,
                us % 1'000'000);
  return text;
}

void Trace::Line(Level level, std::string text) {
  if (!Wants(level)) return;
  if (level == Level::kStory) {
    for (unsigned char c : text) hash_ = hash_ * 31 + c;
    Mix(static_cast<std::uint64_t>(agenda_.now().count()));
  }
  if (reader_) reader_(agenda_.now(), level, text);
  tail_.push_back("[" + Stamp(agenda_.now()) + "] " + std::move(text));
  if (tail_.size() > kTailLines) tail_.pop_front();
}

void Trace::Mix(std::uint64_t value) { hash_ = Scatter(hash_ ^ value); }

std::string Trace::Tail() const {
  std::string all;
  for (const std::string& line : tail_) all += line + "\n";
  return all;
}

}  // namespace taskgraph::sim
