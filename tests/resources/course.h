// SPDX-License-Identifier: Apache-2.0
//
// Course: how something went along a run, and whether it grew.
//
// Intuition: what is used up in the beginning (pools, caches, buffers) is none
// of a leak's business; what still rises in the second half as it did in the
// first never ends.
//
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace taskgraph::test {

class Course {
 public:
  // `done`: how much of the work was done then.
  void Add(double done, std::int64_t value) {
    points_.push_back({done, value});
  }

  // The first quarter does not count; of what remains the medians of both
  // halves are compared, so that a single high or low point means nothing.
  struct Growth {
    double in_all = 0;
    double units = 0;  // Of work, between the two.
    double each() const { return in_all / units; }
  };
  Growth growth() const;

  // For people.
  std::string Describe() const;

 private:
  struct Point {
    double done = 0;
    std::int64_t value = 0;
  };
  Point Median(std::size_t begin, std::size_t end) const;

  std::vector<Point> points_;
};

}  // namespace taskgraph::test
