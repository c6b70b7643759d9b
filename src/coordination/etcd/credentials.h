// SPDX-License-Identifier: Apache-2.0
//
// Credentials: how connections to a coordinator are sealed, on both sides, and
// the user by whom a client is known to etcd.
//
// Files that are replaced count for new connections, a second later.
#pragma once

#include <memory>
#include <string>

#include "coordination/etcd/grpc_headers.h"
#include "taskgraph/tls_files.h"

namespace taskgraph::coordination {

// Of the endpoint "http://HOST:PORT" or "unix:PATH": none. Of others: TLS, if
// there are files; both sides show a certificate, and a server's must bear its
// host's name or address.
std::shared_ptr<grpc::ChannelCredentials> CredentialsFor(
    const std::string& endpoint, const TlsFiles& files);

// Of a server at `address`, which accepts whom the authority has signed; none
// at "unix:PATH", or without files.
std::shared_ptr<grpc::ServerCredentials> ServerCredentialsFor(
    const std::string& address, const TlsFiles& files);

}  // namespace taskgraph::coordination
