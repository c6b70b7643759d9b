// SPDX-License-Identifier: Apache-2.0
//
// What a process says that ends by an exception which nobody caught: one line,
// also when there is no memory left to make one.
#pragma once

namespace taskgraph::job {

// From now on, on all threads. Exit code 1.
void PrepareLastWords();

}  // namespace taskgraph::job
