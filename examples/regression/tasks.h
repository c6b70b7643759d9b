// SPDX-License-Identifier: Apache-2.0
//
// A reduction over a binary tree: the smallest job that uses all there is.
//
// Intuition: in each epoch the root sets a parameter and flags that it is
// ready; who hears that pulls it, and flags on. From the leaves up, each task
// flags that its gradient is ready, and its parent pulls that. The root's sum
// ends the epoch.
//
// Nothing here is about failures, except that a request may come before its
// answer is known: then it waits. A task that restarts is told again what its
// neighbors flagged, is asked again what it had not answered, and nobody hears
// it twice (R10, R11, R12).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "taskgraph/taskgraph.h"

namespace regression {

using taskgraph::Empty;
using taskgraph::Epoch;
using taskgraph::Method;
using taskgraph::TaskId;
using taskgraph::Token;
using taskgraph::Turn;

inline constexpr Method<Empty, std::int64_t> kGetParameter{"GetParameter"};
inline constexpr Method<Empty, std::int64_t> kGetGradient{"GetGradient"};

// What root and workers have in common.
class TreeTask : public taskgraph::Task {
 public:
  void EnterEpoch(Turn& turn) override;
  void MetaReady(Turn& turn, TaskId from, const taskgraph::LinkType& link,
                 const std::string& meta) override;

 protected:
  TreeTask();

  void ParameterKnown(Turn& turn, std::int64_t parameter);
  // The gradients of this task and all below it are summed up.
  virtual void SumKnown(Turn& turn, std::int64_t sum) = 0;

 private:
  void GiveParameter(Turn& turn, Token<std::int64_t> token, const Empty&);
  void ParameterArrived(Turn& turn, TaskId from, const std::int64_t& parameter);
  void GradientArrived(Turn& turn, TaskId from, const std::int64_t& gradient);
  void TrySum(Turn& turn);

  // Of this epoch:
  std::optional<std::int64_t> parameter_;
  std::map<TaskId, std::int64_t> gradients_;  // The children's.
  std::vector<Token<std::int64_t>> want_parameter_;
};

// Task 0. Its parameter is the epoch's number; its sums are the results.
class Root final : public TreeTask {
 public:
  void Init(Turn& turn) override;
  void EnterEpoch(Turn& turn) override;
  void SumKnown(Turn& turn, std::int64_t sum) override;
};

// All others.
class Worker final : public TreeTask {
 public:
  Worker();
  void EnterEpoch(Turn& turn) override;
  void SumKnown(Turn& turn, std::int64_t sum) override;

 private:
  void GiveGradient(Turn& turn, Token<std::int64_t> token, const Empty&);
  void Hand(Turn& turn, Token<std::int64_t> token);

  std::optional<std::int64_t> sum_;
  std::vector<Token<std::int64_t>> want_gradient_;
};

// The whole job: tasks, links, and the configuration that they read.
taskgraph::Job RegressionJob();

}  // namespace regression
