// SPDX-License-Identifier: Apache-2.0
#include "sim/tasks.h"

#include <memory>
#include <utility>
#include <vector>

#include "sim/chatter.h"
#include "sim/chatter_plan.h"
#include "taskgraph/task.h"

namespace taskgraph::sim {
namespace {

using Number = std::uint64_t;
constexpr Method<Empty, Number> kSum{"Sum"};
constexpr char kGo[] = "go";

Number ShareOf(TaskId task, Epoch epoch) {
  return Scatter(epoch * 1'000'003 + task);
}

// Sums come up when the word to begin has gone down.
class TreeSum final : public Task {
 public:
  TreeSum(const Workload& workload, const Accomplices& accomplices)
      : load_(workload), accomplices_(accomplices) {
    Serve(kSum, [this](Turn& turn, Token<Number> token, const Empty&) {
      asked_.push_back(token);
      Check(turn);
    });
    OnData(kSum, [this](Turn& turn, TaskId, const Number& sum) {
      sum_ += sum;
      --due_;
      Check(turn);
    });
  }

  void EnterEpoch(Turn& turn) override {
    asked_.clear();
    sum_ = ShareOf(turn.task(), turn.epoch());
    due_ = turn.Neighbors("children").size();
    going_ = false;
    finished_ = false;
    for (TaskId child : turn.Neighbors("children")) {
      turn.Request(child, kSum, Empty());
    }
    if (turn.task() == 0) Go(turn);
    Check(turn);
  }

  void MetaReady(Turn& turn, TaskId, const LinkType&,
                 const std::string&) override {
    if (going_) accomplices_.complain("the word to go came twice");
    Go(turn);
    Check(turn);
  }

 private:
  void Go(Turn& turn) {
    going_ = true;
    turn.FlagMeta("children", kGo);
  }

  void Check(Turn& turn) {
    if (going_ && due_ == 0) Conclude(turn);
    accomplices_.mischief(turn);
  }

  void Conclude(Turn& turn) {
    for (const Token<Number>& token : std::exchange(asked_, {})) {
      turn.Answer(token, sum_);
    }
    if (turn.task() != 0 || std::exchange(finished_, true)) return;
    Number expected = 0;
    for (TaskId task = 0; task < turn.tasks(); ++task) {
      expected += ShareOf(task, turn.epoch());
    }
    if (sum_ != expected) accomplices_.complain("a sum is wrong");
    if (turn.epoch() + 1 == load_.epochs) {
      turn.FinishJob(ExpectedEnd(load_));
    } else {
      turn.AdvanceEpoch();
    }
  }

  const Workload& load_;
  const Accomplices& accomplices_;
  std::vector<Token<Number>> asked_;
  Number sum_ = 0;
  std::size_t due_ = 0;
  bool going_ = false;
  bool finished_ = false;
};

Job MakeTreeSum(const Workload& workload, const Accomplices& accomplices) {
  Job job("tree-sum", workload.tasks);
  job.Link("parents", TreeParents(2));
  job.Link("children", TreeChildren(2));
  const auto load = std::make_shared<const Workload>(workload);
  job.Build([load, &accomplices](TaskId) {
    return std::make_unique<TreeSum>(*load, accomplices);
  });
  return job;
}

Job MakeChatter(const Workload& workload, const Accomplices& accomplices) {
  struct Shared {
    Workload load;
    ChatterPlan plan;
  };
  const auto shared =
      std::make_shared<const Shared>(Shared{workload, ChatterPlan(workload)});
  Job job("chatter", workload.tasks);
  job.Link("talk", Topology([shared](TaskId task, Epoch epoch) {
             return shared->plan.Neighbors(task, epoch);
           }));
  job.Link("up", TreeParents(2));
  job.Link("down", TreeChildren(2));
  job.Link("self", Topology([](TaskId task, Epoch) { return TaskList{task}; }));
  job.Build([shared, &accomplices](TaskId) {
    return std::make_unique<Chatter>(shared->plan, shared->load, accomplices);
  });
  return job;
}

}  // namespace

Job MakeJob(const Workload& workload, const Accomplices& accomplices) {
  return workload.kind == Workload::Kind::kTreeSum
             ? MakeTreeSum(workload, accomplices)
             : MakeChatter(workload, accomplices);
}

ExitStatus ExpectedEnd(const Workload& workload) {
  return {0, "ended after " + std::to_string(workload.epochs) + " epochs of " +
                 std::to_string(workload.tasks) + " tasks"};
}

}  // namespace taskgraph::sim
