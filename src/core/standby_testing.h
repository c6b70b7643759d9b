// SPDX-License-Identifier: Apache-2.0
//
// For tests of backups on one node, "n", seen from outside: node "p" is mostly
// the primary of task 0, "c" and "j" are others that have copies.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "core/one_node_testing.h"
#include "core/turn_content.h"

namespace taskgraph::core {

class StandbyTesting : public OneNodeTest {
 protected:
  StandbyTesting() { Begin(); }

  // Again, after a change of options_.
  void Begin() {
    Restart(Star());
    for (const char* node : {"p", "c", "j"}) {
      Do(NodeJoined{{node, node, 4, 0, {}}});
    }
    Do(EpochAdvanced{1, 1});
    for (TaskId task : {1, 2, 3}) Assign(task, 1, 1, "m");
    orders_.clear();
  }
  static Assignment Record(Term term, NodeId primary,
                           std::vector<NodeId> backups,
                           std::vector<NodeId> joining = {},
                           std::uint64_t joins = 0) {
    return {term,
            1,
            std::move(primary),
            std::move(backups),
            0,
            "",
            1,
            std::move(joining),
            joins};
  }
  void Assign0(Assignment record) {
    Do(AssignmentChanged{0, std::move(record)});
  }
  template <typename B>
  void Replica(NodeId from, B body) {
    Do(MessageArrived{std::move(from),
                      ReplicaMessage{0, 1, 1, std::move(body)}});
  }
  template <typename B>
  std::vector<B> Sent() const {
    std::vector<B> found;
    for (const auto& send : Those<SendMessage>(orders_)) {
      if (const auto* message = std::get_if<ReplicaMessage>(&send.message)) {
        if (const auto* body = std::get_if<B>(&message->body))
          found.push_back(*body);
      }
    }
    return found;
  }
  static TurnRecord Rec(RecordNumber number, Term term, Epoch epoch,
                        Cause cause, std::vector<Payload> updates = {}) {
    TurnContent content;
    content.epoch = epoch;
    content.cause = std::move(cause);
    content.effects.updates = std::move(updates);
    return {number, term, Encode(content)};
  }
  // All that is ordered, and all that comes of it; in words.
  std::string PlayAll() {
    std::string plays;
    while (!turns_.empty()) plays += Play() + "; ";
    return plays;
  }
  bool PromotionProposed() const {
    for (const auto& p : Those<ProposeAssignments>(orders_)) {
      if (p.changes[0].next.primary == "n") return true;
    }
    return false;
  }
};

}  // namespace taskgraph::core
