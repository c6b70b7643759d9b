// SPDX-License-Identifier: Apache-2.0
//
// FullLoad: jobs to which nothing is done, on a machine that has far too much
// to do.
//
// Intuition: a failure detector that is fast is easily too fast. Here all
// wait for cores: other processes that only compute, two for each core, several
// jobs beside each other, and callbacks that take seconds. Nobody is dead, so
// nobody may be taken for dead: vigil.h counts who was.
#pragma once

#include <string>

namespace taskgraph::storm {

struct FullLoadOptions {
  int seconds = 15;
  std::string apps;     // The folder of the examples' folders.
  std::string laborer;  // The program, see laborer.cc.
  std::string keep;     // What jobs with an alarm left is kept in here.
};

// Tells each minute on standard output how it goes. Returns whether there was
// no false alarm, and all jobs moved. A signal ends it early, with what there
// was so far. Throws std::runtime_error.
bool RunFullLoad(const FullLoadOptions& options);

// What the busy processes do: they never return.
[[noreturn]] void ComputeForever();

}  // namespace taskgraph::storm
