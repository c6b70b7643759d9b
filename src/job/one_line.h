// SPDX-License-Identifier: Apache-2.0
//
// OneLine: texts from anywhere (peers, users, tasks, the coordinator), made
// safe to show: a text can neither begin a line of its own, which might look
// like one of ours, nor command a terminal, nor fill a disk.
//
// Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace taskgraph::job {

inline constexpr std::size_t kLineBytesMax = 4096;

// `text` with its control characters written as "\n", "\t" or "\x1b", cut after
// about kLineBytesMax bytes. Other bytes stay, so UTF-8 does.
std::string OneLine(std::string_view text);

}  // namespace taskgraph::job
