// SPDX-License-Identifier: Apache-2.0
#include "regression/results.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace regression {
namespace {

constexpr int kLineBytes = 21;  // A number, right-aligned, and the line's end.

}  // namespace

void Results::Put(taskgraph::Epoch epoch, std::int64_t result) const {
  std::array<char, kLineBytes + 1> line;
  std::snprintf(line.data(), line.size(), "%20lld\n",
                static_cast<long long>(result));
  const int file = open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) Fail("open");
  const auto place = static_cast<off_t>(epoch * kLineBytes);
  const bool written = pwrite(file, line.data(), kLineBytes, place) ==
                       static_cast<ssize_t>(kLineBytes);
  if (close(file) != 0 || !written) Fail("write");
}

std::string Results::UpTo(taskgraph::Epoch last) const {
  std::ifstream file(path_);
  std::string lines;
  for (taskgraph::Epoch epoch = 0; epoch <= last; ++epoch) {
    std::int64_t result = 0;
    if (!(file >> result)) Fail("read");
    lines += (epoch == 0 ? "" : "\n") + std::to_string(result);
  }
  return lines;
}

void Results::Fail(const char* what) const {
  throw std::runtime_error(std::string("cannot ") + what + " " + path_ + ": " +
                           std::generic_category().message(errno));
}

}  // namespace regression
