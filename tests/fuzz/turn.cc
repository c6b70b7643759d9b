// SPDX-License-Identifier: Apache-2.0
//
// A record of the turn log (core/turn_content.h), as a backup reads it.
#include "core/turn_content.h"
#include "fuzz.h"
#include "samples.h"

void fuzz::Try(std::string_view bytes) {
  const auto record = taskgraph::Payload::Own(std::string(bytes));
  const auto turn = taskgraph::core::DecodeTurn(record);
  if (!turn) {
    Require(turn.error().code == taskgraph::ErrorCode::kCorrupt,
            "what is no turn is corrupt");
    return;
  }
  Require(taskgraph::core::Encode(*turn) == record, "a turn has one spelling");
}

std::vector<std::string> fuzz::Seeds() {
  std::vector<std::string> seeds;
  for (const auto& turn : SampleTurns()) {
    seeds.emplace_back(taskgraph::core::Encode(turn).text());
  }
  return seeds;
}
