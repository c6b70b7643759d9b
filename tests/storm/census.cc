// SPDX-License-Identifier: Apache-2.0
#include "storm/census.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace taskgraph::storm {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNodeId = "--node-id=";

bool IsNumber(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

// The texts between the zeros of a file below /proc. None: it is gone, or not
// ours to read.
std::vector<std::string> Texts(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::vector<std::string> texts;
  for (std::string text; std::getline(stream, text, '\0');) {
    texts.push_back(text);
  }
  return texts;
}

Inhabitant Describe(pid_t pid, const std::vector<std::string>& arguments) {
  Inhabitant one{pid, {}, {}};
  if (arguments.size() > 1) one.role = arguments[1];
  for (const std::string& argument : arguments) {
    if (argument.starts_with(kNodeId)) {
      one.id = argument.substr(kNodeId.size());
    }
  }
  return one;
}

}  // namespace

std::string MarkOf(const std::string& job) { return "STORM_JOB=" + job; }

std::vector<Inhabitant> Census(const std::string& mark) {
  std::vector<Inhabitant> all;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (!IsNumber(name)) continue;
    const auto environment = Texts(entry.path() / "environ");  // Zombies' ends.
    if (std::ranges::find(environment, mark) == environment.end()) continue;
    all.push_back(Describe(std::stoi(name), Texts(entry.path() / "cmdline")));
  }
  return all;
}

}  // namespace taskgraph::storm
