// SPDX-License-Identifier: Apache-2.0
//
// EtcdServer: an embedded store, served by etcd's v3 protocol.
//
// So that node processes use one client for the embedded coordinator and for
// etcd, and that etcdctl can look inside. It answers Range, Put, DeleteRange,
// Txn, Compact, Watch, the Lease service, MemberList and Status as etcd 3.4
// does with one member, error texts included; nested transactions, and compares
// of ranges or leases, are refused as unimplemented. It knows no users.
//
// Any thread may make and destroy it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "coordination/shared_store.h"
#include "taskgraph/error.h"
#include "taskgraph/tls_files.h"

namespace taskgraph::coordination {

struct EtcdServerOptions {
  // "HOST:PORT" (port 0: the system chooses) or "unix:PATH"; at least one.
  std::vector<std::string> listen = {"127.0.0.1:0"};

  // With them, TLS at HOST:PORT for clients whom the authority has signed.
  TlsFiles tls = {};

  // The member's name, as operators see it.
  std::string name = "embedded";

  // Watches on one stream of a client. One more is cancelled as it is created.
  std::size_t watches_max = 10'000;

  // Bytes that a stream's client has not read yet. Beyond it the stream ends,
  // and what was missed can be watched from there.
  std::size_t unread_bytes_max = std::size_t{64} << 20;

  // Calls and streams at a time on one connection; more of them wait.
  int calls_max = 1000;

  // For lines on connections that must wait, from a thread of the server's.
  std::function<void(std::string_view)> log = nullptr;
};

class EtcdServer {
 public:
  // Serves `store`, which must outlive it, from now on. kInvalidArgument: an
  // address is malformed; kUnavailable: it is in use, or not this machine's.
  static Result<std::unique_ptr<EtcdServer>> Start(SharedStore& store,
                                                   EtcdServerOptions options);

  // Ends all connections; when it returns no call is in the store's inbox.
  virtual ~EtcdServer() = default;

  // Where it listens, as clients take it: "HOST:PORT" or "unix:PATH".
  virtual const std::vector<std::string>& endpoints() const = 0;
};

}  // namespace taskgraph::coordination
