// SPDX-License-Identifier: Apache-2.0
//
// Records: what a job's coordinator holds, as read from outside by etcdctl.
//
// Values; ParseRecords is pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace taskgraph::storm {

struct TaskRecord {
  std::string primary;  // Empty: none.
  std::vector<std::string> backups;
  std::uint64_t incarnation = 0;
};

struct EndRecord {
  int code = 0;
  std::string message;
};

struct Records {
  std::uint64_t epoch = 0;
  std::map<int, TaskRecord> tasks;
  std::set<std::string> nodes;  // With a session.
  bool has_controller = false;
  std::optional<EndRecord> end;
  std::vector<std::string> keys;  // All of the job's, without the prefix.
};

// Of `etcdctl get --prefix`, which tells a key and its value on a line each.
// Throws std::runtime_error if a value is not what docs/protocol.md says.
Records ParseRecords(const std::string& text, const std::string& prefix);

}  // namespace taskgraph::storm
