// SPDX-License-Identifier: Apache-2.0
//
// Golden scenarios: each file here tells a story, gives its commands, and,
// below a line of dashes, shows the exact trace that it must leave. To accept a
// changed trace, run with UPDATE_SCENARIOS=1 and read the difference.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "stage_play.h"

namespace scenarios {
namespace {

constexpr char kDashes[] = "----\n";

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> Scenarios() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(SCENARIOS_FOLDER)) {
    const std::filesystem::path& path = entry.path();
    if (path.extension() == ".txt" && path.stem() != "CMakeLists") {
      names.push_back(path.stem());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Scenario : public testing::TestWithParam<std::string> {};

TEST_P(Scenario, LeavesExactlyItsTrace) {
  const auto path =
      std::filesystem::path(SCENARIOS_FOLDER) / (GetParam() + ".txt");
  const std::string text = ReadFile(path);
  const std::size_t dashes = text.find(kDashes);
  const std::string script = text.substr(0, dashes);

  StagePlay play;
  std::istringstream lines(script);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line[0] != '#') play.Do(line);
  }

  if (std::getenv("UPDATE_SCENARIOS") != nullptr) {
    std::ofstream(path) << script << kDashes << play.trace();
    return;
  }
  ASSERT_NE(dashes, std::string::npos) << path << " has no line of dashes";
  EXPECT_EQ(text.substr(dashes + sizeof kDashes - 1), play.trace());
}

INSTANTIATE_TEST_SUITE_P(All, Scenario, testing::ValuesIn(Scenarios()),
                         [](const auto& scenario) {
                           std::string name = scenario.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace scenarios
