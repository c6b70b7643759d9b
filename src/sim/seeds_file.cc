// SPDX-License-Identifier: Apache-2.0
#include "sim/seeds_file.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "taskgraph/error.h"

namespace taskgraph::sim {
namespace {

std::string_view Trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

}  // namespace

std::vector<Seed> SeedsFile::Read() const {
  std::vector<Seed> seeds;
  if (!std::filesystem::exists(path_)) return seeds;
  std::ifstream file(path_);
  if (!file) {
    throw UsageError("cannot read the seeds in " + path_ + ": " +
                     std::strerror(errno));
  }
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    const auto text = Trimmed(std::string_view(line).substr(0, line.find('#')));
    if (text.empty()) continue;
    Seed seed = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, seed);
    if (error != std::errc() || rest != end) {
      throw UsageError(path_ + ":" + std::to_string(number) + ": '" +
                       std::string(text) +
                       "' is no seed; a line is a number, and a remark after "
                       "'#' if you like");
    }
    seeds.push_back(seed);
  }
  return seeds;
}

void SeedsFile::Add(Seed seed, std::string_view why) const {
  const std::vector<Seed> known = Read();
  if (std::count(known.begin(), known.end(), seed) > 0) return;
  std::string remark(why.substr(0, why.find('\n')));
  std::ofstream file(path_, std::ios::app);
  file << seed << "  # " << remark << std::endl;
  if (!file) {
    throw UsageError("cannot write the seed " + std::to_string(seed) + " to " +
                     path_ + ": " + std::strerror(errno));
  }
}

}  // namespace taskgraph::sim
