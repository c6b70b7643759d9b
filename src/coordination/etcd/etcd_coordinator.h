// SPDX-License-Identifier: Apache-2.0
//
// EtcdCoordinator: a Coordinator that speaks to etcd, or to an EtcdServer.
//
// Intuition: a diplomat with several embassies in one country. It talks to one
// at a time, moves to the next when nobody opens, picks up every conversation
// where it stopped, and cables home only when all are closed. What it can't
// know (was the note received before the line went dead?) it says.
//
// * A transaction that may have reached the server is never sent twice; one
// that
//   found no server is kept until `call_timeout`.
// * Watches go on from the revision seen last; after a compaction, or when the
//   store is another one or older than what was seen, they list again. Every
//   `relist_interval` they list to compare.
// * Leases are kept alive at a third of their time; one that was not extended
//   for its whole time, by this machine's monotonic clock, counts as lost.
//
// Thread-safe. The sink is called from a thread of its own, never after the
// destructor has returned; it must not call back, and no lock that it takes may
// be held in a call.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "coordination/coordinator.h"
#include "taskgraph/error.h"
#include "taskgraph/tls_files.h"

namespace taskgraph::coordination {

struct EtcdOptions {
  // "HOST:PORT", "http://HOST:PORT", "https://HOST:PORT" or "unix:PATH"; the
  // first is tried first.
  std::vector<std::string> endpoints;

  // With them "HOST:PORT" and "https:" mean TLS, by certificates on both sides;
  // without them "https:" is refused.
  TlsFiles tls = {};

  // Of an etcd that asks for them; empty: nobody in particular.
  std::string user;
  std::string password;

  // How long a call may take until its outcome counts as unknown.
  std::chrono::milliseconds call_timeout{3000};

  // How long an endpoint may take to be found usable.
  std::chrono::milliseconds probe_timeout{1000};

  // While no endpoint is usable, all are tried again after this long, doubling
  // up to the second.
  std::chrono::milliseconds backoff_min{50};
  std::chrono::milliseconds backoff_max{1000};

  // Versions of etcd are in use that lose watch events; so watches compare.
  std::chrono::milliseconds relist_interval{45'000};

  // An idle connection is pinged this often. etcd hangs up on clients that ping
  // more often than every 5 s.
  std::chrono::milliseconds ping_interval{6000};
  std::chrono::milliseconds ping_timeout{2000};
};

// Connects in the background: calls may be made at once. An error for an
// endpoint that cannot be read.
Result<std::unique_ptr<Coordinator>> ConnectEtcd(EtcdOptions options,
                                                 Sink sink);

}  // namespace taskgraph::coordination
