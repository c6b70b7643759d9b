// SPDX-License-Identifier: Apache-2.0
//
// HeapMeter: how many bytes a process has from malloc, told to who asks.
//
// Intuition: what the system says of a process counts pages, in which a leak of
// some dozen bytes for each lost node is not seen before tens of thousands of
// them. The allocator itself knows to the byte what was not given back.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace taskgraph::test {

// The variable with the folder where metered processes listen.
inline constexpr char kHeapMeterFolder[] = "HEAP_METER_FOLDER";

// In a program that may be metered, first thing: if the variable is there, a
// thread tells who asks.
void StartHeapMeter();

// The least that `pid` says, asked several times: what is under way is not
// wanted. None: it does not answer.
std::optional<std::int64_t> HeapBytes(const std::string& folder, pid_t pid);

}  // namespace taskgraph::test
