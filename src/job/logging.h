// SPDX-License-Identifier: Apache-2.0
//
// The log of a process: lines on stderr and, if wanted, in a file, each with
// the job and the node that says it. Texts come from anywhere, see OneLine.
//
// A log that can't be written (a full disk, a closed terminal) is a pity, and
// no reason for a job to fail: what can't be written is dropped, and of a file
// that is said once.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/log.h"
#include "taskgraph/error.h"

namespace taskgraph::job {

struct LogOptions {
  std::string level = "warning";  // One of kLogLevels.
  std::string file;               // Also there, at its end; empty: nowhere.
};

inline constexpr const char* kLogLevels[] = {"debug", "info", "warning",
                                             "error", "off"};

// A log that is written to until the last copy of the function is gone.
// kUnavailable: the file can't be opened.
Result<runtime::Log> OpenLog(const LogOptions& options, const std::string& job,
                             const std::string& node);

}  // namespace taskgraph::job
