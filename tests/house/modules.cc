// SPDX-License-Identifier: Apache-2.0
#include "modules.h"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <string_view>

#include "source_text.h"

namespace house {
namespace {

constexpr std::string_view kListFile = "/CMakeLists.txt";

// Without comments, and with parentheses as words of their own.
std::string Spaced(std::string_view text) {
  std::string spaced;
  for (std::string_view line : Lines(text)) {
    for (char c : line.substr(0, line.find('#'))) {
      const bool bracket = c == '(' || c == ')';
      spaced += bracket ? std::string{' ', c, ' '} : std::string{c};
    }
    spaced += '\n';
  }
  return spaced;
}

bool IsKeyword(const std::string& word) {
  return std::ranges::all_of(
      word, [](unsigned char c) { return std::isupper(c) != 0 || c == '_'; });
}

std::string WithoutPrefix(std::string word, std::string_view prefix) {
  if (word.starts_with(prefix)) word.erase(0, prefix.size());
  return word;
}

// Reads `NAME keyword words... )`.
void ReadModule(std::istringstream& words, const std::string& folder,
                Modules& modules) {
  std::string name;
  words >> name;
  Module& module = modules[name];
  module.folder = folder;
  std::string keyword;
  for (std::string word; words >> word && word != ")";) {
    if (IsKeyword(word)) {
      keyword = word;
    } else if (keyword == "SOURCES" || keyword == "TESTS") {
      module.files.insert(folder + "/" + word);
    } else if (keyword == "DEPENDS") {
      module.depends.insert(word);
    } else if (keyword == "TEST_LIBRARIES") {
      module.tests_depend.insert(
          WithoutPrefix(WithoutPrefix(word, "taskgraph::"), "taskgraph_"));
    }
  }
}

std::string Stem(const std::string& path) {
  return path.substr(0, path.find_last_of('.'));
}

}  // namespace

Modules ModulesOf(const Tree& tree) {
  Modules modules;
  for (const auto& [path, text] : tree) {
    if (!path.starts_with("src/") || !path.ends_with(kListFile)) continue;
    const std::string folder = path.substr(0, path.size() - kListFile.size());
    std::istringstream words(Spaced(text));
    std::string before;
    for (std::string word; words >> word; before = word) {
      if (before == "taskgraph_module" && word == "(") {
        ReadModule(words, folder, modules);
      }
    }
  }
  return modules;
}

std::set<std::string> OwnersOf(const Modules& modules,
                               const std::string& path) {
  std::set<std::string> listed, nearest;
  std::size_t longest = 0;
  for (const auto& [name, module] : modules) {
    const bool lists = module.files.contains(path) ||
                       module.files.contains(Stem(path) + ".cc");
    if (lists) listed.insert(name);
    const std::size_t size = module.folder.size();
    if (!path.starts_with(module.folder + "/") || size < longest) continue;
    if (size > longest) nearest.clear();
    longest = size;
    nearest.insert(name);
  }
  return listed.empty() ? nearest : listed;
}

}  // namespace house
