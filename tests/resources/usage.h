// SPDX-License-Identifier: Apache-2.0
//
// What a process, and a coordinator, hold at a moment.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace taskgraph::test {

struct Usage {
  std::int64_t heap_bytes = 0;   // From malloc; 0: it has no HeapMeter.
  std::int64_t dirty_bytes = 0;  // Pages that are its own.
  std::int64_t descriptors = 0;
  std::int64_t threads = 0;
};

// Of a process that lives.
Usage UsageOf(pid_t pid, const std::string& meter_folder);

// User and system time that it has used.
double CpuSecondsOf(pid_t pid);

struct StoreUsage {
  std::int64_t keys = 0;
  std::int64_t leases = 0;
};

// As etcdctl counts them at `endpoint`, after it has compacted what is past.
StoreUsage UsageOfStore(const std::string& endpoint);

}  // namespace taskgraph::test
