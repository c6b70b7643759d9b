// SPDX-License-Identifier: Apache-2.0
//
// Flags: the options of a command line, each of which can be given by a
// variable of the environment, too.
//
// Numbers and times are read by checks of ours, because CLI11's own say what is
// wrong but not what would be right.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "taskgraph/types.h"

namespace taskgraph::job {

// Targets must outlive the parsing.
class Flags {
 protected:
  explicit Flags(const std::string& program) : app_("", program) {}

  CLI::Option* AddText(const std::string& name, std::string& target,
                       const std::string& help);
  CLI::Option* AddList(const std::string& name,
                       std::vector<std::string>& target,
                       const std::string& help);
  CLI::Option* AddNumber(const std::string& name, std::uint32_t& target,
                         std::uint32_t min, std::uint32_t max,
                         const std::string& help);
  CLI::Option* AddDuration(const std::string& name, Duration& target,
                           Duration min, const std::string& help);
  void AddFlag(const std::string& names, const std::string& variable,
               bool& target, const std::string& help);

  CLI::App app_;
};

}  // namespace taskgraph::job
