// SPDX-License-Identifier: Apache-2.0
//
// Adapters: which coordinator and which transport a process uses. The only
// place that chooses.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "coordination/store_service.h"
#include "job/command_line.h"
#include "runtime/connector.h"
#include "transport/in_process.h"
#include "transport/tls.h"

namespace taskgraph::job {

// A coordinator of this same process.
std::function<std::unique_ptr<coordination::Coordinator>(coordination::Sink)>
EmbeddedCoordinator(coordination::StoreService& service);

// What this process shows at doors, and what it holds others to.
struct Papers {
  std::shared_ptr<transport::Tls> tls;  // None: nothing is sealed.
  TlsFiles files;
  std::string user;
  std::string password;
};

// Reads and checks the files that are named; an error says which is wrong.
Result<Papers> ReadPapers(const Security& security, const runtime::Log& log);

// An etcd, or another process's embedded coordinator, at any of `endpoints`:
// "http://HOST:PORT", "https://HOST:PORT", "HOST:PORT" or "unix:PATH". Making
// one throws UsageError for an endpoint that can't be read.
std::function<std::unique_ptr<coordination::Coordinator>(coordination::Sink)>
RemoteCoordinator(std::vector<std::string> endpoints, const Papers& papers);

// Adapters for a member of a job that talks to other processes, listening on
// `listen`
// ("tcp:HOST:PORT", "unix:PATH").
runtime::Adapters SocketAdapters(
    std::function<
        std::unique_ptr<coordination::Coordinator>(coordination::Sink)>
        coordinator,
    std::vector<transport::Address> listen, const Papers& papers,
    runtime::Log log);

// Adapters for a member of a job that lives in one process; `name` is its own.
runtime::Adapters InProcessAdapters(coordination::StoreService& service,
                                    transport::InProcessNetwork& network,
                                    const std::string& name, runtime::Log log);

}  // namespace taskgraph::job
