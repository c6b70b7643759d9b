// SPDX-License-Identifier: Apache-2.0
//
// Whether a server could listen at an address: asked before gRPC is, which says
// neither which of several addresses is wrong nor why, but to stderr.
//
// Any thread.
#pragma once

#include <optional>
#include <string>

#include "taskgraph/error.h"

namespace taskgraph::coordination {

// `address` as in EtcdServerOptions. kInvalidArgument: malformed; kUnavailable:
// in use, or not this machine's.
std::optional<Error> ObjectionToListen(const std::string& address);

}  // namespace taskgraph::coordination
