// SPDX-License-Identifier: Apache-2.0
#include "coordination/etcd/endpoints.h"

#include <charconv>
#include <cstdint>

#include "coordination/etcd/credentials.h"

namespace taskgraph::coordination {
namespace {

grpc::ChannelArguments Arguments(const EtcdOptions& options) {
  const auto milliseconds = [](auto duration) {
    return static_cast<int>(duration.count());
  };
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS,
                   milliseconds(options.ping_interval));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                   milliseconds(options.ping_timeout));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS,
                   milliseconds(options.backoff_min));
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS,
                   milliseconds(options.probe_timeout));
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS,
                   milliseconds(options.backoff_max));
  // No second try of a call, and no connection shared with another client of
  // this process: what happens to one must not depend on the other.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(-1);  // A listing may be long.
  return arguments;
}

}  // namespace

void Endpoint::ForgetBackoff() const {
  grpc::experimental::ChannelResetConnectionBackoff(channel.get());
}

std::string DialTarget(const std::string& endpoint) {
  if (endpoint.starts_with("unix:") && endpoint.size() > 5) return endpoint;
  std::string address = endpoint;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (endpoint.starts_with(scheme)) address.erase(0, scheme.size());
  }
  if (address.ends_with('/')) address.pop_back();
  const auto colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0) return {};
  if (address.find('/') != std::string::npos) return {};
  // gRPC would take a larger port modulo 65,536.
  std::uint16_t port = 0;
  const char* end = address.data() + address.size();
  const auto [rest, error] =
      std::from_chars(address.data() + colon + 1, end, port);
  const bool is_port = error == std::errc() && rest == end && port > 0;
  return is_port ? address : std::string();
}

Endpoint OpenEndpoint(const std::string& name, const EtcdOptions& options) {
  Endpoint endpoint;
  endpoint.name = name;
  endpoint.channel = grpc::CreateCustomChannel(
      DialTarget(name), CredentialsFor(name, options.tls), Arguments(options));
  endpoint.kv = etcdserverpb::KV::NewStub(endpoint.channel);
  endpoint.lease = etcdserverpb::Lease::NewStub(endpoint.channel);
  endpoint.watch = etcdserverpb::Watch::NewStub(endpoint.channel);
  endpoint.auth = etcdserverpb::Auth::NewStub(endpoint.channel);
  return endpoint;
}

}  // namespace taskgraph::coordination
