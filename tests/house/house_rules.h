// SPDX-License-Identifier: Apache-2.0
//
// The rules of the house that a machine can check.
//
// Intuition: an architecture that only a document knows is gone in a year. The
// link lines (taskgraph_module ... DEPENDS ...) say who may know whom, and each
// #include is held against them; sizes, file heads and calls that would bring
// clocks, threads or chance into pure code are counted on every build.
//
// Pure: the tree arrives as an argument, so that the tests can plant a
// violation of each rule and see it found.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace house {

// Path from the project's root -> text. Sources and CMakeLists.txt files.
using Tree = std::map<std::string, std::string>;

struct Violation {
  std::string path;
  int line = 0;
  std::string what;  // What is wrong, and what would be right.

  friend bool operator==(const Violation&, const Violation&) = default;
};

// SPDX line first, #pragma once in headers, nothing left over.
std::vector<Violation> CheckHeads(const Tree& tree);
// Files and functions that a reader can hold in mind.
std::vector<Violation> CheckSizes(const Tree& tree);
// Clocks, chance, threads and sleep only in the files that are for them.
std::vector<Violation> CheckCalls(const Tree& tree);
// Includes along the link lines; a pure core; every source in a module.
std::vector<Violation> CheckIncludes(const Tree& tree);

// All of them.
std::vector<Violation> CheckHouse(const Tree& tree);

}  // namespace house
