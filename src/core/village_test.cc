// SPDX-License-Identifier: Apache-2.0
//
// Laws of the core under random failures: a few nodes wired by hand, whose
// connections break and whose tasks lose their state, with what is under way.
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "core/core_testing.h"
#include "core/node_core.h"

namespace taskgraph::core {
namespace {

constexpr TaskId kTasks = 5;
constexpr int kMetasEach = 3;

// Each task flags metas to all others on entering an epoch, and asks one of
// them; whoever is asked answers in its next turn but one, sometimes.
class Village {
 public:
  explicit Village(std::uint64_t seed)
      : random_(seed), links_({{"all", FullMesh()}}, kTasks) {
    const std::vector<NodeId> nodes = {"a", "b", "c"};
    for (const NodeId& node : nodes) {
      cores_[node] = std::make_unique<NodeCore>(node, links_, options_);
      for (const NodeId& other : nodes) {
        if (other != node) Do(node, NodeJoined{{other, "host", 4, 0, {}}});
      }
      Do(node, EpochAdvanced{1, 1});
    }
    records_.resize(kTasks);
    for (TaskId task = 0; task < kTasks; ++task) Place(task);
  }

  // One random thing happens.
  void Step() {
    switch (random_() % 64) {
      case 0:
        return Break();
      case 1:
        return Lose(static_cast<TaskId>(random_() % kTasks));
      case 2:
        if (random_() % 8 == 0) return Advance();
        return;
      case 3:
        return Pass(random_() % 20 * 1ms);
      default:
        if (random_() % 2 == 0) return Deliver();
        if (random_() % 2 == 0) return Tell();
        return Play();
    }
  }

  // No more failures: until nobody has anything left to do.
  void Calm() {
    for (TaskId task = 0; task < kTasks; ++task) {
      if (!records_[task].HasPrimary()) Place(task);
    }
    for (int idle = 0; idle < 3; ++idle) {
      while (!wires_.empty() || !turns_.empty() || !news_.empty()) {
        idle = 0;
        Deliver();
        Tell();
        Play();
      }
      Pass(1s);
    }
  }

  // What every law asks for, when all is calm.
  void Check() const {
    for (TaskId task = 0; task < kTasks; ++task) {
      const Incarnation life = records_[task].incarnation;
      EXPECT_EQ(entered_.count({task, life, epoch_}), 1u) << "task " << task;
      for (TaskId from = 0; from < kTasks; ++from) {
        for (int i = 0; i < kMetasEach; ++i) {  // R10, R11
          const Hearing hearing{task, life, epoch_, from,
                                "m" + std::to_string(i)};
          const auto heard = heard_.find(hearing);
          EXPECT_TRUE(heard != heard_.end() && heard->second == 1)
              << "task " << task << " heard meta " << i << " of " << from
              << (heard == heard_.end() ? " never" : " more than once");
        }
      }
    }
    for (const auto& [id, outcome] : asked_) {  // R12
      const bool current =
          id.epoch == epoch_ && id.incarnation == records_[id.task].incarnation;
      EXPECT_LE(outcome, 1) << "request of task " << id.task;
      EXPECT_GE(outcome, current ? 1 : 0) << "request of task " << id.task;
    }
  }

 private:
  using Hearing = std::tuple<TaskId, Incarnation, Epoch, TaskId, std::string>;

  void Do(const NodeId& node, Input input) {
    for (Output& output : cores_.at(node)->Step(std::move(input), now_)) {
      if (auto* send = std::get_if<SendMessage>(&output)) {
        if (cores_.contains(send->to)) {
          wires_[{node, send->to}].push_back(std::move(send->message));
        }
      } else if (auto* turn = std::get_if<RunTurn>(&output)) {
        turns_.emplace_back(node, std::move(*turn));
      }
    }
  }

  template <typename Map>
  typename Map::iterator Any(Map& map) {
    return std::next(map.begin(), random_() % map.size());
  }

  void Deliver() {
    if (wires_.empty()) return;
    const auto wire = Any(wires_);
    const auto [from, to] = wire->first;
    NodeMessage message = std::move(wire->second.front());
    wire->second.pop_front();
    if (wire->second.empty()) wires_.erase(wire);
    Do(to, MessageArrived{from, std::move(message)});
  }

  // The coordinator's news reach each node in order, at different times.
  void Publish(const Input& input) {
    for (const auto& [node, core] : cores_) news_[node].push_back(input);
  }
  void Tell() {
    if (news_.empty()) return;
    const auto news = Any(news_);
    const NodeId node = news->first;
    Input input = std::move(news->second.front());
    news->second.pop_front();
    if (news->second.empty()) news_.erase(news);
    Do(node, std::move(input));
  }

  // What is under way on a broken connection is lost; both ends are told.
  void Break() {
    const NodeId a = Any(cores_)->first;
    const NodeId b = Any(cores_)->first;
    if (a == b) return;
    wires_.erase({a, b});
    wires_.erase({b, a});
    Do(a, PeerLost{b, "broken"});
    Do(b, PeerLost{a, "broken"});
  }

  void Place(TaskId task) {
    Assignment& record = records_[task];
    ++record.term;
    record.incarnation = std::max<Incarnation>(1, record.incarnation);
    record.primary = Any(cores_)->first;
    Publish(AssignmentChanged{task, record});
  }
  void Lose(TaskId task) {
    Assignment& record = records_[task];
    if (!record.HasPrimary()) return Place(task);
    ++record.term;
    ++record.incarnation;
    record.primary = random_() % 2 == 0 ? "" : Any(cores_)->first;
    Publish(AssignmentChanged{task, record});
  }
  void Advance() { Publish(EpochAdvanced{1, ++epoch_}); }

  void Pass(Duration duration) {
    now_ += duration;
    for (const auto& [node, core] : cores_) {
      if (core->NextDeadline() <= now_) Do(node, DeadlinePassed{});
    }
  }

  void Play() {
    if (turns_.empty()) return;
    const auto chosen = turns_.begin() + random_() % turns_.size();
    const auto [node, turn] = std::move(*chosen);
    turns_.erase(chosen);
    TurnEffects effects;
    effects.begun = cores_.at(node)->MayBegin(turn.replica);
    if (effects.begun) Act(turn, effects);
    Do(node, TurnFinished{turn.replica, std::move(effects)});
  }

  void Act(const RunTurn& turn, TurnEffects& effects) {
    const TurnContext& me = turn.context;
    if (std::holds_alternative<EnterEpoch>(turn.cause)) {
      entered_.insert({me.task, me.incarnation, me.epoch});
      for (int i = 0; i < kMetasEach; ++i) {
        effects.ordered.push_back(FlagMeta{"all", "m" + std::to_string(i)});
      }
      const auto to = static_cast<TaskId>(random_() % kTasks);
      effects.ordered.push_back(
          MakeRequest{me.next_request, to, "Get", "", {}});
      asked_[{me.task, me.incarnation, me.epoch, me.next_request}] = 0;
    } else if (const auto* meta = std::get_if<HearMeta>(&turn.cause)) {
      ++heard_[{me.task, me.incarnation, me.epoch, meta->from, meta->text}];
    } else if (const auto* serve = std::get_if<ServeRequest>(&turn.cause)) {
      const bool first =
          served_.insert({me.task, me.incarnation, serve->id}).second;
      EXPECT_TRUE(first) << "R14: served twice";
      effects.ordered.push_back(GiveAnswer{serve->id, {}, {}});
    } else if (const auto* data = std::get_if<TakeData>(&turn.cause)) {
      ++asked_.at({me.task, me.incarnation, me.epoch, data->number});
    } else if (std::holds_alternative<HearFailure>(turn.cause)) {
      ADD_FAILURE() << Describe(turn.cause);
    } else {
      HearOfNeighbor(me, turn.cause);
    }
  }

  // R22: alternating, each once, with rising incarnations.
  void HearOfNeighbor(const TurnContext& me, const Cause& cause) {
    if (const auto* lost = std::get_if<NeighborLost>(&cause)) {
      auto& last = losses_[{me.task, me.incarnation, lost->neighbor.task}];
      EXPECT_GT(lost->neighbor.incarnation, last);
      last = lost->neighbor.incarnation;
    } else if (const auto* back = std::get_if<NeighborBack>(&cause)) {
      auto& last = losses_[{me.task, me.incarnation, back->neighbor.task}];
      EXPECT_GT(back->neighbor.incarnation, last);
      last = back->neighbor.incarnation - 1;
    }
  }

  std::mt19937_64 random_;
  JobOptions options_;
  Links links_;
  Time now_{};
  Epoch epoch_ = 1;
  std::map<NodeId, std::unique_ptr<NodeCore>> cores_;
  std::vector<Assignment> records_;
  std::map<std::pair<NodeId, NodeId>, std::deque<NodeMessage>> wires_;
  std::map<NodeId, std::deque<Input>> news_;
  std::deque<std::pair<NodeId, RunTurn>> turns_;

  std::set<std::tuple<TaskId, Incarnation, Epoch>> entered_;
  std::map<Hearing, int> heard_;
  std::map<RequestId, int> asked_;
  std::set<std::tuple<TaskId, Incarnation, RequestId>> served_;
  std::map<std::tuple<TaskId, Incarnation, TaskId>, Incarnation> losses_;
};

TEST(VillageTest, MetasAndAnswersArriveOnceWhateverFails) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Village village(seed);
    for (int i = 0; i < 3000; ++i) village.Step();
    village.Calm();
    village.Check();
    if (testing::Test::HasFailure()) FAIL() << "seed " << seed;
  }
}

}  // namespace
}  // namespace taskgraph::core
