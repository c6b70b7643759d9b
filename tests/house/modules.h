// SPDX-License-Identifier: Apache-2.0
//
// The architecture as the link lines tell it: which module a file belongs to,
// and whom that module may know.
#pragma once

#include <map>
#include <set>
#include <string>

#include "house_rules.h"

namespace house {

// One taskgraph_module(...) line.
struct Module {
  std::string folder;                  // Of its CMakeLists.txt.
  std::set<std::string> files;         // SOURCES and TESTS, from the root.
  std::set<std::string> depends;       // DEPENDS.
  std::set<std::string> tests_depend;  // TEST_LIBRARIES, without taskgraph_.
};
using Modules = std::map<std::string, Module>;

Modules ModulesOf(const Tree& tree);

// The modules that `path` may be part of. One if a CMakeLists.txt lists it, or
// the source of its name; else all of the nearest CMakeLists.txt above it.
std::set<std::string> OwnersOf(const Modules& modules, const std::string& path);

}  // namespace house
