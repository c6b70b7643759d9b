// SPDX-License-Identifier: Apache-2.0
//
// Chatter: a task that follows its ChatterPlan; see tasks.h.
#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "sim/chatter_plan.h"
#include "sim/copied.h"
#include "sim/tasks.h"
#include "taskgraph/task.h"

namespace taskgraph::sim {

// What a Chatter knows of its epoch.
struct ChatterState {
  using Number = std::uint64_t;

  std::map<RequestNumber, ChatterPlan::Mode> failing;  // Those that must fail.
  std::set<RequestNumber> withdrawn;                   // Answered or not.
  std::uint64_t withdrawn_due = 0;
  std::vector<RequestNumber> to_withdraw;
  std::uint64_t asked = 0;
  std::uint64_t answers_due = 0;
  std::uint64_t children_due = 0;
  std::uint64_t metas_due = 0;
  Number sum = 0;
  // With the answer that is due.
  std::vector<std::pair<Token<Number>, Number>> later;
  std::vector<Token<Number>> reports;
  bool concluded = false;

  void Write(core::FieldWriter& out) const;
  void Read(core::FieldReader& in);
};

class Chatter final : public Task, public Copied<ChatterState> {
 public:
  // Both must outlive it.
  Chatter(const ChatterPlan& plan, const Workload& workload,
          const Accomplices& accomplices);

  void EnterEpoch(Turn& turn) override;
  void MetaReady(Turn& turn, TaskId from, const LinkType& link,
                 const std::string& meta) override;
  void RequestFailed(Turn& turn, const FailedRequest& failed) override;

 private:
  using Number = std::uint64_t;

  // The next of the epoch's requests, if there is one: the first ones on
  // entering it, then one for each that is settled.
  void AskNext(Turn& turn);
  void Give(Turn& turn, Token<Number> token, const Number& input);
  void GiveLater(Turn& turn, Token<Number> token, const Number& input);
  void Refuse(Turn& turn, Token<Number> token, const Number& input);
  void Report(Turn& turn, Token<Number> token);
  void Taken(Turn& turn, TaskId from, Number answer);
  void Nudged(Turn& turn);
  void ChildReported(Turn& turn, Number sum);
  void Withdraw(Turn& turn);
  // After each callback: is this epoch's work done?
  void Check(Turn& turn);
  void Conclude(Turn& turn);

  const ChatterPlan& plan_;
  const Workload& load_;
};

}  // namespace taskgraph::sim
