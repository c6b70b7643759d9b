// SPDX-License-Identifier: Apache-2.0
//
// Endpoints: where a coordinator may be reached, and the channels to it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "coordination/etcd/etcd_coordinator.h"
#include "coordination/etcd/grpc_headers.h"

namespace taskgraph::coordination {

// The services of one endpoint.
struct Endpoint {
  std::string name;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<etcdserverpb::KV::Stub> kv;
  std::unique_ptr<etcdserverpb::Lease::Stub> lease;
  std::unique_ptr<etcdserverpb::Watch::Stub> watch;
  std::unique_ptr<etcdserverpb::Auth::Stub> auth;

  // Makes the next call dial at once, however long gRPC means to wait since the
  // last failure: the caller has its own back-off.
  void ForgetBackoff() const;
};

// What gRPC dials for "HOST:PORT", "http://HOST:PORT", "https://HOST:PORT" or
// "unix:PATH"; empty if it is none of them.
std::string DialTarget(const std::string& endpoint);

Endpoint OpenEndpoint(const std::string& endpoint, const EtcdOptions& options);

}  // namespace taskgraph::coordination
