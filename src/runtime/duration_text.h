// SPDX-License-Identifier: Apache-2.0
//
// Durations as people write them on a command line: "200ms", "2s", "1.5s",
// "10min", "1h". A number without a unit is refused: it would mean something
// else to everybody.
//
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "taskgraph/error.h"
#include "taskgraph/types.h"

namespace taskgraph::runtime {

// Not negative, at most a year. kInvalidArgument: the message says what would
// be right.
Result<Duration> ParseDuration(std::string_view text);

// In the largest unit that is exact: "2s", "1500ms".
std::string FormatDuration(Duration duration);

}  // namespace taskgraph::runtime
