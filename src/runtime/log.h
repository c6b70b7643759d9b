// SPDX-License-Identifier: Apache-2.0
//
// Where lines for people go. The runtime does not choose a logging library; who
// starts it does.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace taskgraph::runtime {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

// Thread-safe.
using Log = std::function<void(LogLevel, std::string_view)>;

}  // namespace taskgraph::runtime
