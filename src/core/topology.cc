// SPDX-License-Identifier: Apache-2.0
//
// The topologies that ship with the library, and the names of error codes.
#include "taskgraph/topology.h"

#include <algorithm>

#include "taskgraph/error.h"

namespace taskgraph {
namespace {

// Told when it is first asked, as a mistake of the link type that it is for.
Topology Wrong(const char* what) {
  return Topology(
      [what](TaskId, Epoch) -> TaskList { throw UsageError(what); });
}

}  // namespace

Topology TreeParents(TaskId fanout) {
  if (fanout == 0)
    return Wrong("TreeParents: the fanout is 0, it must be >= 1");
  return Topology([fanout](TaskId task, Epoch) {
    return task == 0 ? TaskList{} : TaskList{(task - 1) / fanout};
  });
}

Topology TreeChildren(TaskId fanout) {
  if (fanout == 0)
    return Wrong("TreeChildren: the fanout is 0, it must be >= 1");
  return Topology([fanout](TaskId task, Epoch, TaskId tasks) {
    TaskList children;
    const std::uint64_t first = std::uint64_t{task} * fanout + 1;
    for (std::uint64_t i = first; i < first + fanout && i < tasks; ++i) {
      children.push_back(static_cast<TaskId>(i));
    }
    return children;
  });
}

Topology FullMesh() {
  return Topology([](TaskId, Epoch, TaskId tasks) {
    TaskList all(tasks);
    for (TaskId i = 0; i < tasks; ++i) all[i] = i;
    return all;
  });
}

Topology Ring() {
  return Topology([](TaskId task, Epoch, TaskId tasks) {
    return TaskList{(task + 1) % tasks};
  });
}

Topology Star() {
  return Topology([](TaskId task, Epoch, TaskId tasks) {
    if (task != 0) return TaskList{0};
    TaskList others;
    for (TaskId i = 1; i < tasks; ++i) others.push_back(i);
    return others;
  });
}

Topology ToMaster() {
  return Topology([](TaskId, Epoch) { return TaskList{0}; });
}

std::string_view Name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kMoved:
      return "moved";
    case ErrorCode::kEpochPassed:
      return "epoch passed";
    case ErrorCode::kSuperseded:
      return "superseded";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kNotNeighbor:
      return "not a neighbor";
    case ErrorCode::kUnknownMethod:
      return "unknown method";
    case ErrorCode::kHandlerError:
      return "declined";
    case ErrorCode::kTooLarge:
      return "too large";
    case ErrorCode::kInvalidArgument:
      return "invalid argument";
    case ErrorCode::kRefused:
      return "refused";
    case ErrorCode::kCorrupt:
      return "corrupt";
  }
  return "unknown";
}

}  // namespace taskgraph
