// SPDX-License-Identifier: Apache-2.0
//
// Door: sockets that listen at one address.
//
// Opened here and not by gRPC, which says neither which of several addresses is
// wrong nor why, and stops to listen for good when the process once is out of
// descriptors. Any thread; one at a time.
#pragma once

#include <string>
#include <vector>

#include "taskgraph/error.h"

namespace taskgraph::coordination {

class Door {
 public:
  // `address` as in EtcdServerOptions. kInvalidArgument: malformed;
  // kUnavailable: in use, or not this machine's.
  static Result<Door> Open(const std::string& address);

  Door(Door&& other) noexcept;
  Door& operator=(Door&&) = delete;
  ~Door();

  // As clients take it, with the port that the system chose.
  const std::string& endpoint() const { return endpoint_; }
  // They do not block.
  const std::vector<int>& sockets() const { return sockets_; }

 private:
  Door() = default;
  static Result<Door> OpenTcp(const std::string& address);
  static Result<Door> OpenUnix(const std::string& address);

  std::string endpoint_;
  std::string path_;  // Of a Unix socket.
  std::vector<int> sockets_;
};

}  // namespace taskgraph::coordination
