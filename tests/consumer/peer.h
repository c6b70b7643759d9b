// SPDX-License-Identifier: Apache-2.0
//
// The smallest job of its own kind: two tasks, one question, one answer.
#pragma once

#include <memory>

#include "taskgraph/taskgraph.h"

namespace consumer {

using taskgraph::Empty;
using taskgraph::TaskId;
using taskgraph::Token;
using taskgraph::Turn;

inline constexpr taskgraph::Method<Empty, int> kGetAnswer{"GetAnswer"};
inline constexpr int kAnswer = 42;

class Peer final : public taskgraph::Task {
 public:
  Peer() {
    Serve(kGetAnswer, [](Turn& turn, Token<int> token, const Empty&) {
      turn.Answer(token, kAnswer);
    });
    OnData(kGetAnswer, [](Turn& turn, TaskId, int answer) {
      turn.FinishJob({answer == kAnswer ? 0 : 1, "answered"});
    });
  }

  void EnterEpoch(Turn& turn) override {
    if (turn.task() != 0) return;
    turn.Request(turn.Neighbors("ring").front(), kGetAnswer, Empty());
  }
};

inline taskgraph::Job PeersJob() {
  taskgraph::Job job("consumer", /*tasks=*/2);
  job.Link("ring", taskgraph::Ring());
  job.Build([](TaskId) { return std::make_unique<Peer>(); });
  return job;
}

}  // namespace consumer
