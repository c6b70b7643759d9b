// SPDX-License-Identifier: Apache-2.0
//
// Wire: what nodes say to each other, as bytes.
//
// Intuition: a letter and its parcel. The letter (head) is small: a version, a
// kind, and the fields as variable-length numbers and counted texts. The parcel
// (body) is the input of a request or the output of an answer; it is handed on
// by reference, so that its bytes are never copied here.
//
// Each message has exactly one spelling: what Decode takes, Encode gives back
// byte for byte. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/message.h"
#include "taskgraph/error.h"
#include "taskgraph/payload.h"

namespace taskgraph::core {

struct WireFrame {
  std::string head;
  Payload body;  // Empty, unless the kind of message has a large part.
};

WireFrame Encode(const NodeMessage& message);

// The same into the memory that `head` has already.
void EncodeInto(std::string& head, Payload& body, const NodeMessage& message);

// Total: any bytes give a message, or kCorrupt with what is wrong. Allocates no
// more than the head holds, whatever the head says.
Result<NodeMessage> Decode(std::string_view head, Payload body);

// The same into `message`, where it is built: such a one need not be moved.
// With an error `message` may hold part of what was read.
std::optional<Error> DecodeInto(NodeMessage& message, std::string_view head,
                                Payload body);

}  // namespace taskgraph::core
