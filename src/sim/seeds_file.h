// SPDX-License-Identifier: Apache-2.0
//
// SeedsFile: seeds that failed once, to be tried first from then on.
//
// Intuition: scars. One line for each: the seed, and what it showed, for
// people.
//
//   # What comes after '#' is for people.
//   17  # R10: task 3 heard meta 4 twice
//
// Not thread-safe, and for one program at a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/random.h"

namespace taskgraph::sim {

class SeedsFile {
 public:
  explicit SeedsFile(std::string path) : path_(std::move(path)) {}

  // In the file's order; none if there is no file. UsageError for a file that
  // can't be read, and for a line that is no seed.
  std::vector<Seed> Read() const;

  // Unless it is there. UsageError for a file that can't be written.
  void Add(Seed seed, std::string_view why) const;

 private:
  std::string path_;
};

}  // namespace taskgraph::sim
