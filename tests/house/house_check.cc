// SPDX-License-Identifier: Apache-2.0
//
// Reads the project below the folder given, prints each violation of the
// house's rules as FILE:LINE: WHAT, and exits with 1 if there is one.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "house_rules.h"

namespace {

namespace fs = std::filesystem;

bool IsChecked(const fs::path& path) {
  return path.extension() == ".h" || path.extension() == ".cc" ||
         path.filename() == "CMakeLists.txt";
}

house::Tree ReadTree(const fs::path& root) {
  house::Tree tree;
  for (const char* top :
       {"include", "src", "examples", "tests", "bench", "cli"}) {
    if (!fs::exists(root / top)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      if (!entry.is_regular_file() || !IsChecked(entry.path())) continue;
      std::ifstream file(entry.path());
      tree[fs::relative(entry.path(), root).string()] =
          std::string(std::istreambuf_iterator<char>(file), {});
    }
  }
  return tree;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: house_check PROJECT_FOLDER\n";
    return 2;
  }
  const house::Tree tree = ReadTree(argv[1]);
  const auto violations = house::CheckHouse(tree);
  for (const house::Violation& violation : violations) {
    std::cout << violation.path << ':' << violation.line << ": "
              << violation.what << '\n';
  }
  std::cout << tree.size() << " files, " << violations.size()
            << " violations\n";
  return violations.empty() && !tree.empty() ? 0 : 1;
}
