// SPDX-License-Identifier: Apache-2.0
//
// What the system and etcd tell of processes under way: looked at from outside,
// so that who is looked at does nothing for it.
#pragma once

#include <sys/types.h>

#include "support/real_etcd.h"

namespace taskgraph::bench {

// From /proc; ends the program if there is no such process.
struct ProcessStats {
  double threads = 0;
  double sockets = 0;  // Connections, and those that wait for some.
  double resident_bytes = 0;
};
ProcessStats StatsOf(pid_t pid);

// What an etcd has done since its start.
struct EtcdStats {
  double writes = 0;  // Revisions of its history.
  double calls = 0;   // That read or change keys; neither watches nor leases.
};
EtcdStats StatsOf(const test::RealEtcd& etcd);

}  // namespace taskgraph::bench
