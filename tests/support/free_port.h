// SPDX-License-Identifier: Apache-2.0
//
// A TCP port of 127.0.0.1 that nobody listens at, as far as one can know: who
// takes it must be ready to lose a race, and try another.
#pragma once

#include <cstdint>

namespace taskgraph::test {

std::uint16_t FreePort();

}  // namespace taskgraph::test
