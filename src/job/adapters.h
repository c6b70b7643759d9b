// SPDX-License-Identifier: Apache-2.0
//
// Adapters: which coordinator and which transport a process uses. The only
// place that chooses.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "coordination/store_service.h"
#include "runtime/connector.h"
#include "transport/in_process.h"

namespace taskgraph::job {

// A coordinator of this same process.
std::function<std::unique_ptr<coordination::Coordinator>(coordination::Sink)>
EmbeddedCoordinator(coordination::StoreService& service);

// An etcd, or another process's embedded coordinator, at any of `endpoints`:
// "http://HOST:PORT", "HOST:PORT" or "unix:PATH". Making one throws UsageError
// for an endpoint that can't be read.
std::function<std::unique_ptr<coordination::Coordinator>(coordination::Sink)>
RemoteCoordinator(std::vector<std::string> endpoints);

// Adapters for a member of a job that talks to other processes, listening on
// `listen`
// ("tcp:HOST:PORT", "unix:PATH").
runtime::Adapters SocketAdapters(
    std::function<
        std::unique_ptr<coordination::Coordinator>(coordination::Sink)>
        coordinator,
    std::vector<transport::Address> listen, runtime::Log log);

// Adapters for a member of a job that lives in one process; `name` is its own.
runtime::Adapters InProcessAdapters(coordination::StoreService& service,
                                    transport::InProcessNetwork& network,
                                    const std::string& name, runtime::Log log);

}  // namespace taskgraph::job
