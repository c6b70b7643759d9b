// SPDX-License-Identifier: Apache-2.0
//
// An application for the tests of faults: it goes on until a file is there, and
// notices whatever happens twice, not at all, or to the wrong neighbor.
//
// Intuition: in each epoch every task gives the next one a coin and calls
// hello; who is next changes from epoch to epoch. So a task has as many coins
// as epochs began, whoever died meanwhile, while one copy of it lives. Task 0
// moves the job on when all have said that they are done.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "taskgraph/taskgraph.h"

namespace {

using taskgraph::Codec;
using taskgraph::Empty;
using taskgraph::Epoch;
using taskgraph::LinkType;
using taskgraph::Method;
using taskgraph::Neighbor;
using taskgraph::Payload;
using taskgraph::TaskId;
using taskgraph::TaskList;
using taskgraph::Token;
using taskgraph::Turn;

using Count = std::uint64_t;

constexpr Method<Empty, Count> kGive{"Give"};
constexpr char kNext[] = "next";
constexpr char kBoss[] = "boss";
constexpr TaskId kBlocked = 2;

TaskId StepOf(Epoch epoch, TaskId tasks) {
  return tasks == 1 ? 0 : 1 + static_cast<TaskId>(epoch % (tasks - 1));
}

// What happened to a task's state; a record of the turn log.
enum What : Count { kBegin, kCoin, kHello, kAnswered, kDone };

class Steady final : public taskgraph::Task, public taskgraph::Backupable {
 public:
  explicit Steady(const taskgraph::Config& config)
      : until_(config.at("until")),
        gate_(config.at("gate")),
        forgets_(config.at("forgets") == "yes") {
    Serve(kGive, &Steady::TakeCoin);
    OnData(kGive, &Steady::Given);
  }

  void Init(Turn& turn) override {
    if (turn.incarnation() > 1 && !forgets_) Complain(turn, "is lost");
  }

  void EnterEpoch(Turn& turn) override {
    turn.Update(Count{kBegin});
    if (!gate_.empty() && turn.task() == kBlocked && turn.epoch() == 5) {
      std::ofstream(gate_ + ".reached") << "yes";
      std::ifstream waits(
          gate_);  // A pipe: until somebody opens its other end.
    }
    turn.FlagMeta(kNext, "hello " + std::to_string(turn.epoch()));
    turn.Request(turn.Neighbors(kNext).front(), kGive, Empty());
  }

  void MetaReady(Turn& turn, TaskId from, const LinkType& link,
                 const std::string& meta) override {
    if (link == kBoss) return OneIsDone(turn);
    const TaskId step = StepOf(turn.epoch(), turn.tasks());
    if ((from + step) % turn.tasks() != turn.task() ||
        meta != "hello " + std::to_string(turn.epoch())) {
      return Complain(turn,
                      "heard \"" + meta + "\" of " + std::to_string(from));
    }
    turn.Update(Count{kHello});
    if (answered_) turn.FlagMeta(kBoss, "done");
  }

  void NeighborFailed(Turn& turn, const Neighbor& neighbor) override {
    CheckIsOne(turn, neighbor);
  }
  void NeighborRestarted(Turn& turn, const Neighbor& neighbor) override {
    CheckIsOne(turn, neighbor);
  }

  void Update(const Payload& log) override {
    switch (*Codec<Count>::Decode(log)) {
      case kBegin:
        hello_ = answered_ = false;
        done_ = 0;
        break;
      case kCoin:
        ++coins_;
        break;
      case kHello:
        hello_ = true;
        break;
      case kAnswered:
        answered_ = true;
        break;
      default:
        ++done_;
    }
  }
  Payload Snapshot() override {
    return Payload::Own(std::vector<Count>{coins_, hello_, answered_, done_});
  }
  void Restore(const Payload& snapshot) override {
    const auto all = *Codec<std::vector<Count>>::Decode(snapshot);
    coins_ = all.at(0);
    hello_ = all.at(1) != 0;
    answered_ = all.at(2) != 0;
    done_ = all.at(3);
  }

 private:
  void TakeCoin(Turn& turn, Token<Count> token, const Empty&) {
    if (coins_ != turn.epoch() && !forgets_) {
      Complain(turn, "has " + std::to_string(coins_) + " coins");
    }
    turn.Update(Count{kCoin});
    turn.Answer(token, coins_ + 1);
  }

  void Given(Turn& turn, TaskId, const Count& coins) {
    if (coins != turn.epoch() + 1 && !forgets_) {
      Complain(turn, "gave coin " + std::to_string(coins));
    }
    turn.Update(Count{kAnswered});
    if (hello_) turn.FlagMeta(kBoss, "done");
  }

  // With a gate, the others do not wait for who stands before it.
  void OneIsDone(Turn& turn) {
    turn.Update(Count{kDone});
    const bool ends = std::filesystem::exists(until_);
    const Count enough = gate_.empty() || ends ? turn.tasks() : Count{1};
    if (done_ + 1 < enough) return;
    if (!ends) return turn.AdvanceEpoch();
    turn.FinishJob({0, "steady to the end, " +
                           std::to_string(turn.epoch() + 1) + " epochs"});
  }

  // R22: one of this epoch's, and on the links that are named.
  void CheckIsOne(Turn& turn, const Neighbor& neighbor) {
    bool right = !neighbor.links.empty();
    for (const LinkType& link : neighbor.links) {
      const TaskList& list = turn.Neighbors(link);
      right = right &&
              std::find(list.begin(), list.end(), neighbor.task) != list.end();
    }
    if (!right) {
      Complain(turn, "is told of task " + std::to_string(neighbor.task));
    }
  }

  void Complain(Turn& turn, const std::string& what) {
    turn.FinishJob({3, "task " + std::to_string(turn.task()) + " " + what +
                           " in epoch " + std::to_string(turn.epoch())});
  }

  const std::string until_;
  const std::string gate_;
  const bool forgets_;
  Count coins_ = 0;
  bool hello_ = false;
  bool answered_ = false;
  Count done_ = 0;  // Task 0's.
};

}  // namespace

int main(int argc, char** argv) {
  taskgraph::Job job("steady-app", /*tasks=*/4);
  job.Link(kNext, taskgraph::Topology(
                      [](TaskId task, Epoch epoch, TaskId tasks) -> TaskList {
                        return {(task + StepOf(epoch, tasks)) % tasks};
                      }));
  // Other links than the rest of the job's, for whoever is started so.
  if (std::getenv("STEADY_APP_OTHER_LINKS") != nullptr) {
    job.Link(kBoss, taskgraph::Star());
  } else {
    job.Link(kBoss, taskgraph::ToMaster());
  }
  job.Build([](TaskId, const taskgraph::Config& config) {
    return std::make_unique<Steady>(config);
  });
  job.Config("until", "", "it ends when this file is there");
  job.Config("gate", "", "a pipe that task 2 opens in epoch 5");
  job.Config("forgets", "no", "yes: whole tasks may be lost");
  job.Backups(1);
  return taskgraph::Main(job, argc, argv);
}
