// SPDX-License-Identifier: Apache-2.0
//
// For tests of one node seen from outside: facts in, orders out. Node "n" has
// task 0; the test plays the coordinator, the node "m" with tasks 1 and 2, and
// the runtime.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/core_testing.h"
#include "core/node_core.h"

namespace taskgraph::core {

// What a message says, in a few words: "0>1 meta 1 hello".
struct Speaker {
  std::string operator()(const MetaMessage& meta) const {
    return "meta " + std::to_string(meta.number) + " " + meta.text;
  }
  std::string operator()(const MetaAck& ack) const {
    return "ack " + std::to_string(ack.number);
  }
  std::string operator()(const RequestMessage& request) const {
    return "ask " + std::to_string(request.id.number) + " " + request.method;
  }
  std::string operator()(const AnswerMessage& answer) const {
    return "answer " + std::to_string(answer.id.number) + " " +
           std::string(answer.error ? Name(answer.error->code)
                                    : answer.output.text());
  }
  std::string operator()(const Refusal& refusal) const {
    return "refuse " + std::string(Name(refusal.code));
  }
};

inline std::string Words(const Message& message) {
  return std::to_string(message.route.from) + ">" +
         std::to_string(message.route.to) + " " +
         std::visit(Speaker{}, message.body);
}

class OneNodeTest : public testing::Test {
 protected:
  // Task 0 has links to 1 and 2, and they to it.
  OneNodeTest() { Restart(Star()); }

  void Restart(Topology topology) {
    links_.emplace(std::vector<Link>{{"all", std::move(topology)}}, 4);
    core_ = std::make_unique<NodeCore>("n", *links_, options_);
    Do(NodeJoined{{"m", "host", 4, 0, {}}});
    orders_.clear();
    turns_.clear();
  }

  // Everything is assigned, and task 0 has done its first two turns.
  void Settle(Epoch epoch = 1) {
    Do(EpochAdvanced{1, epoch});
    for (TaskId task : {1, 2, 3}) Assign(task, 1, 1, "m");
    Assign(0, 1, 1, "n");
    Play();
    Play();
    Said();
  }

  void Do(Input input) {
    for (Output& order : core_->Step(std::move(input), now_)) {
      if (auto* turn = std::get_if<RunTurn>(&order)) {
        turns_.push_back(std::move(*turn));
      } else {
        orders_.push_back(std::move(order));
      }
    }
  }

  void Assign(TaskId task, Term term, Incarnation incarnation, NodeId node) {
    Do(AssignmentChanged{task,
                         {term, incarnation, std::move(node), {}, 0, ""}});
  }

  // A message from `from` on node "m", as its record says it should be.
  Message From(TaskId from, Body body) const {
    const Assignment& record = core_->directory().of(from);
    const Term to_term = core_->directory().of(0).term;
    return {
        {from, 0, record.incarnation, record.term, to_term, core_->epoch(), 1},
        std::move(body)};
  }
  void Arrive(Message message) { Do(MessageArrived{"m", std::move(message)}); }
  void Arrive(TaskId from, Body body) { Arrive(From(from, std::move(body))); }

  static Body Meta(MetaNumber number, std::string text) {
    return MetaMessage{number, 1, "all", std::move(text)};
  }
  Body Ask(TaskId from, RequestNumber number) const {
    RequestMessage ask;
    ask.id = {from, core_->directory().of(from).incarnation, core_->epoch(),
              number};
    ask.first_unfinished = 1;
    ask.method = "Get";
    return ask;
  }
  Body Reply(RequestNumber number, std::string output) const {
    return AnswerMessage{
        {0, core_->directory().of(0).incarnation, core_->epoch(), number},
        std::nullopt,
        Payload::Own(std::move(output))};
  }

  // The turn that was ordered, finished with `effects`; what it was about.
  std::string Play(TurnEffects effects = {}) {
    if (turns_.empty()) return "nothing";
    const RunTurn turn = std::move(turns_.front());
    turns_.pop_front();
    EXPECT_TRUE(turns_.empty()) << "two turns at a time";
    if (std::holds_alternative<TakeSnapshot>(turn.cause)) {
      effects.snapshot = Seal(Payload());
    }
    Do(TurnFinished{turn.replica, std::move(effects)});
    return Describe(turn.cause);
  }
  // A turn in which the task does `effect`. It has been ordered already.
  void PlayDoing(Effect effect) {
    TurnEffects effects;
    effects.ordered.push_back(std::move(effect));
    Play(std::move(effects));
  }
  // Gives the task a turn, and an `effect` in it.
  void Make(Effect effect) {
    Arrive(2, MetaMessage{++nudges_, nudges_, "all", "nudge"});
    PlayDoing(std::move(effect));
    const std::vector<std::string> said = Said();
    for (const std::string& words : said) {
      if (words.rfind("0>2 ack", 0) != 0) said_.push_back(words);
    }
  }

  // All that was sent to node m since the last call.
  std::vector<std::string> Said() {
    std::vector<std::string> said = std::exchange(said_, {});
    for (const SendMessage& send : Those<SendMessage>(orders_)) {
      if (const auto* message = std::get_if<Message>(&send.message)) {
        said.push_back(Words(*message));
      }
    }
    std::erase_if(orders_, [](const Output& order) {
      return std::holds_alternative<SendMessage>(order);
    });
    return said;
  }

  void Wait(Duration duration) {
    now_ += duration;
    if (core_->NextDeadline() <= now_) Do(DeadlinePassed{});
  }

  JobOptions options_;
  std::optional<Links> links_;
  std::unique_ptr<NodeCore> core_;
  Time now_ = 1s;
  Outputs orders_;
  std::deque<RunTurn> turns_;
  std::vector<std::string> said_;
  MetaNumber nudges_ = 0;
};

}  // namespace taskgraph::core
