// SPDX-License-Identifier: Apache-2.0
#include "sim/tasks.h"

#include <memory>
#include <utility>
#include <vector>

#include "sim/chatter.h"
#include "sim/chatter_plan.h"
#include "sim/copied.h"
#include "taskgraph/task.h"

namespace taskgraph::sim {
namespace {

using Number = std::uint64_t;
constexpr Method<Empty, Number> kSum{"Sum"};
constexpr char kGo[] = "go";

Number ShareOf(TaskId task, Epoch epoch) {
  return Scatter(epoch * 1'000'003 + task);
}

struct TreeSumState {
  std::vector<Token<Number>> asked;
  Number sum = 0;
  std::uint64_t due = 0;
  bool going = false;
  bool finished = false;

  void Write(core::FieldWriter& out) const {
    out.Numbers(sum, due, asked.size());
    for (const Token<Number>& token : asked) out.Id(token.id());
    out.Bool(going);
    out.Bool(finished);
  }
  void Read(core::FieldReader& in) {
    sum = in.Number();
    due = in.Number();
    for (std::uint64_t left = in.Number(); left > 0 && in.good(); --left) {
      asked.emplace_back(in.Id());
    }
    going = in.Bool();
    finished = in.Bool();
  }
};

// Sums come up when the word to begin has gone down.
class TreeSum final : public Task, public Copied<TreeSumState> {
 public:
  TreeSum(const Workload& workload, const Accomplices& accomplices)
      : Copied(accomplices), load_(workload) {
    Serve(kSum, [this](Turn& turn, Token<Number> token, const Empty&) {
      now_.asked.push_back(token);
      Check(turn);
    });
    OnData(kSum, [this](Turn& turn, TaskId, const Number& sum) {
      now_.sum += sum;
      --now_.due;
      Check(turn);
    });
  }

  void EnterEpoch(Turn& turn) override {
    now_ = {};
    now_.sum = ShareOf(turn.task(), turn.epoch());
    now_.due = turn.Neighbors("children").size();
    for (TaskId child : turn.Neighbors("children")) {
      turn.Request(child, kSum, Empty());
    }
    if (turn.task() == 0) Go(turn);
    Check(turn);
  }

  void MetaReady(Turn& turn, TaskId, const LinkType&,
                 const std::string&) override {
    if (now_.going) accomplices_.complain("the word to go came twice");
    Go(turn);
    Check(turn);
  }

 private:
  void Go(Turn& turn) {
    now_.going = true;
    turn.FlagMeta("children", kGo);
  }

  void Check(Turn& turn) {
    if (now_.going && now_.due == 0) Conclude(turn);
    Save(turn);
  }

  void Conclude(Turn& turn) {
    for (const Token<Number>& token : std::exchange(now_.asked, {})) {
      turn.Answer(token, now_.sum);
    }
    if (turn.task() != 0 || std::exchange(now_.finished, true)) return;
    Number expected = 0;
    for (TaskId task = 0; task < turn.tasks(); ++task) {
      expected += ShareOf(task, turn.epoch());
    }
    if (now_.sum != expected) accomplices_.complain("a sum is wrong");
    if (turn.epoch() + 1 == load_.epochs) {
      turn.FinishJob(ExpectedEnd(load_));
    } else {
      turn.AdvanceEpoch();
    }
  }

  const Workload& load_;
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
  Job job = workload.kind == Workload::Kind::kTreeSum
                ? MakeTreeSum(workload, accomplices)
                : MakeChatter(workload, accomplices);
  job.Backups(workload.backups);
  return job;
}

ExitStatus ExpectedEnd(const Workload& workload) {
  return {0, "ended after " + std::to_string(workload.epochs) + " epochs of " +
                 std::to_string(workload.tasks) + " tasks"};
}

}  // namespace taskgraph::sim
