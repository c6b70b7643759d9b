// SPDX-License-Identifier: Apache-2.0
//
// Whether this process may have as many descriptors as it needs to do anything
// at all. Without some even libraries give up, in words of their own.
#pragma once

#include <cstdint>
#include <optional>

#include "taskgraph/error.h"

namespace taskgraph::job {

// What to say if not; `children` processes are to be started.
std::optional<Error> ObjectionToDescriptors(std::uint64_t children = 0);

}  // namespace taskgraph::job
