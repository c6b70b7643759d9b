// SPDX-License-Identifier: Apache-2.0
#include "runtime/duration_text.h"

#include <charconv>
#include <chrono>
#include <cmath>

namespace taskgraph::runtime {
namespace {

using namespace std::chrono_literals;

struct Unit {
  std::string_view name;
  Duration length;
};
constexpr Unit kUnits[] = {{"h", 1h},   {"min", 1min}, {"s", 1s},
                           {"ms", 1ms}, {"us", 1us},   {"ns", 1ns}};

constexpr Duration kLongest = std::chrono::hours(24 * 365);

Error NotADuration(std::string_view text) {
  return {ErrorCode::kInvalidArgument,
          "'" + std::string(text) +
              "' is not a time: write a number and its unit, as in 200ms, 2s, "
              "10min or 1h"};
}

}  // namespace

Result<Duration> ParseDuration(std::string_view text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || !(number >= 0)) return NotADuration(text);
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  for (const Unit& unit : kUnits) {
    if (name != unit.name) continue;
    const double length = number * static_cast<double>(unit.length.count());
    if (length > static_cast<double>(kLongest.count())) {
      return Error{ErrorCode::kInvalidArgument,
                   "'" + std::string(text) + "' is too long; give at most " +
                       FormatDuration(kLongest)};
    }
    return Duration(std::llround(length));
  }
  return NotADuration(text);
}

std::string FormatDuration(Duration duration) {
  for (const Unit& unit : kUnits) {
    if (duration.count() != 0 && duration % unit.length == Duration{}) {
      return std::to_string(duration / unit.length) + std::string(unit.name);
    }
  }
  return "0s";
}

}  // namespace taskgraph::runtime
