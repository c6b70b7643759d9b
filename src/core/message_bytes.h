// SPDX-License-Identifier: Apache-2.0
//
// BytesOf: what of a message may be of any size.
//
// Pure.
#pragma once

#include <cstddef>

#include "core/message.h"

namespace taskgraph::core {

std::size_t BytesOf(const LogAppend& append);
std::size_t BytesOf(const Message& message);
std::size_t BytesOf(const ReplicaMessage& message);
std::size_t BytesOf(const NodeMessage& message);

}  // namespace taskgraph::core
