// SPDX-License-Identifier: Apache-2.0
//
// A message between nodes (core/wire.h): its head, then its body.
#include "core/wire.h"
#include "fuzz.h"
#include "samples.h"

void fuzz::Try(std::string_view bytes) {
  std::vector<std::string_view> parts = Parts(bytes);
  parts.resize(2);
  const auto body = taskgraph::Payload::Own(std::string(parts[1]));
  const auto message = taskgraph::core::Decode(parts[0], body);
  if (!message) {
    Require(message.error().code == taskgraph::ErrorCode::kCorrupt,
            "what is no message is corrupt");
    return;
  }
  const auto frame = taskgraph::core::Encode(*message);
  Require(frame.head == parts[0] && frame.body == body,
          "a message has one spelling");
}

std::vector<std::string> fuzz::Seeds() {
  std::vector<std::string> seeds;
  for (const auto& message : SampleMessages()) {
    const auto frame = taskgraph::core::Encode(message);
    seeds.push_back(Join({frame.head, std::string(frame.body.text())}));
  }
  return seeds;
}
