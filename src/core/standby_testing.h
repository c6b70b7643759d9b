// SPDX-License-Identifier: Apache-2.0
//
// For tests of backups on one node, "n", seen from outside: node "p" is mostly
// the primary of task 0, "c" and "j" are others that have copies.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/no_clerk.h"
#include "core/one_node_testing.h"
#include "core/task_books.h"

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

  static Payload Bytes(std::size_t count) {
    return Payload::Own(std::string(count, 'x'));
  }
  // A primary with these backups, which have heard all.
  void BePrimary(const std::vector<NodeId>& backups = {"c"}) {
    Assign0(Record(1, "n", backups));
    PlayAll();
    AckAll(backups);
    orders_.clear();
  }
  // A backup of p's that was sent so many bytes of an update; they stand.
  void BeBackup(std::size_t bytes) {
    Assign0(Record(1, "p", {"n"}));
    Play();
    orders_.clear();
    Replica("p", LogAppend{1,
                           0,
                           0,
                           2,
                           1,
                           {Rec(1, 1, 1, InitTask{}, {Bytes(bytes)}),
                            Rec(2, 1, 1, EnterEpoch{})}});
  }
  // `nodes` have all that they were sent.
  void AckAll(const std::vector<NodeId>& nodes) {
    for (const auto& send : Those<SendMessage>(std::exchange(orders_, {}))) {
      const auto* message = std::get_if<ReplicaMessage>(&send.message);
      if (message == nullptr || !IsIn(send.to, nodes)) continue;
      const auto* append = std::get_if<LogAppend>(&message->body);
      if (append == nullptr) continue;
      RecordNumber& held = held_[send.to];
      for (const TurnRecord& record : append->records) held = record.number;
      Replica(send.to, LogAck{append->term, append->join, held, append->stamp});
    }
  }
  // Has one turn that changes so many bytes of the task's state.
  void Change(std::size_t bytes) {
    Arrive(2, MetaMessage{++nudges_, nudges_, "all", "nudge"});
    ASSERT_EQ(turns_.size(), 1U);
    TurnEffects effects;
    effects.updates.push_back(Bytes(bytes));
    Play(std::move(effects));
  }
  // A joiner of p's that was promoted. Its copy was made when a meta of task 1
  // waited, and behind it the answer to a request.
  void BePromotedJoiner(Assignment promoted) {
    TaskBooks books(0, core_->directory());
    books.Enter(1, links_->Neighbors(0, 1).value());
    books.expected = 2;
    books.initialized = true;
    books.requests.Make({1, 1, "Get", "", {}});
    books.metas_heard.Arrive(1, 1, {1, 1, "all", "before"});
    books.requests.Settle(1);
    const Cause meta = HearMeta{1, 1, 1, "all", "before", 1};
    const Cause data = TakeData{1, 1, "Get", {}, {1, 1}};
    Assign0(Record(1, "p", {}, {"n"}, 1));
    Replica("p",
            Invitation{1, 1, 1, 0, Seal(books.Copy({&meta, &data})), Seal({})});
    PlayAll();
    Replica("p", LogAppend{1, 1, 0, 0, 1, {}});
    Assign0(Record(1, "p", {"n"}));
    Do(NodeLeft{"p"});
    orders_.clear();
    Assign0(std::move(promoted));
  }

  std::map<NodeId, RecordNumber> held_;  // By AckAll.
};

}  // namespace taskgraph::core
