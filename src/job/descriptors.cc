// SPDX-License-Identifier: Apache-2.0
#include "job/descriptors.h"

#include <sys/resource.h>

#include <string>

namespace taskgraph::job {
namespace {

// Files, timers, listeners, the coordinator's connection.
constexpr std::uint64_t kOwn = 24;

// A child's end, its connection, and its session at the coordinator.
constexpr std::uint64_t kForEachChild = 3;

}  // namespace

std::optional<Error> ObjectionToDescriptors(std::uint64_t children) {
  const std::uint64_t needed = kOwn + kForEachChild * children;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) {
    return std::nullopt;
  }
  return Error{ErrorCode::kUnavailable,
               "this process may have " + std::to_string(limit.rlim_cur) +
                   " files and sockets open, and needs " +
                   std::to_string(needed) + " or more; raise ulimit -n"};
}

}  // namespace taskgraph::job
