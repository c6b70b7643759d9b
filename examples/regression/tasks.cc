// SPDX-License-Identifier: Apache-2.0
#include "regression/tasks.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "regression/mishap.h"
#include "regression/results.h"

namespace regression {
namespace {

constexpr char kParents[] = "parents";
constexpr char kChildren[] = "children";
constexpr char kParameterReady[] = "ParameterReady";
constexpr char kGradientReady[] = "GradientReady";

// Failures that are asked for must not end the job.
constexpr std::uint32_t kFailuresMax = 1000;

bool IsDigit(char c) { return '0' <= c && c <= '9'; }

}  // namespace

TreeTask::TreeTask() {
  Serve(kGetParameter, &TreeTask::GiveParameter);
  OnData(kGetParameter, &TreeTask::ParameterArrived);
  OnData(kGetGradient, &TreeTask::GradientArrived);
}

void TreeTask::EnterEpoch(Turn&) {
  parameter_.reset();
  gradients_.clear();
  want_parameter_.clear();  // Tokens of the last epoch are void (R9).
}

void TreeTask::MetaReady(Turn& turn, TaskId from, const taskgraph::LinkType&,
                         const std::string& meta) {
  if (meta == kParameterReady) turn.Request(from, kGetParameter, Empty());
  if (meta == kGradientReady) turn.Request(from, kGetGradient, Empty());
}

void TreeTask::ParameterArrived(Turn& turn, TaskId,
                                const std::int64_t& parameter) {
  ParameterKnown(turn, parameter);
}

void TreeTask::ParameterKnown(Turn& turn, std::int64_t parameter) {
  parameter_ = parameter;
  turn.FlagMeta(kChildren, kParameterReady);
  for (const auto& token : std::exchange(want_parameter_, {})) {
    turn.Answer(token, parameter);
  }
  TrySum(turn);
}

// A child may ask a task that restarted and does not know the answer yet.
void TreeTask::GiveParameter(Turn& turn, Token<std::int64_t> token,
                             const Empty&) {
  if (parameter_) {
    turn.Answer(token, *parameter_);
  } else {
    want_parameter_.push_back(token);
  }
}

void TreeTask::GradientArrived(Turn& turn, TaskId from,
                               const std::int64_t& gradient) {
  gradients_[from] = gradient;
  TrySum(turn);
}

void TreeTask::TrySum(Turn& turn) {
  if (!parameter_) return;
  if (gradients_.size() < turn.Neighbors(kChildren).size()) return;
  std::int64_t sum = *parameter_ * turn.task();
  for (const auto& [child, gradient] : gradients_) sum += gradient;
  SumKnown(turn, sum);
}

// A mistake on the command line ends the job, and is told in one line.
void Root::Init(Turn& turn) {
  for (const char* key : {"epochs", "worker_fail_percent", "seed"}) {
    const std::string& value = turn.config(key);
    if (!value.empty() && std::ranges::all_of(value, IsDigit)) continue;
    turn.FinishJob({2, std::string(key) + " is a number, not '" + value + "'"});
  }
}

void Root::EnterEpoch(Turn& turn) {
  TreeTask::EnterEpoch(turn);
  const bool fails = turn.config("root_fails") == "yes";
  if (fails && turn.epoch() == 1 && turn.incarnation() == 1) {
    throw std::runtime_error("the root was asked to fail here");
  }
  ParameterKnown(turn, static_cast<std::int64_t>(turn.epoch()));
}

void Root::SumKnown(Turn& turn, std::int64_t sum) {
  const Results results(turn.config("result"));
  const bool is_last = turn.epoch() == std::stoull(turn.config("epochs"));
  try {
    results.Put(turn.epoch(), sum);  // Before the epoch ends: see results.h.
    if (is_last) turn.FinishJob({0, results.UpTo(turn.epoch())});
  } catch (const std::runtime_error& error) {
    turn.FinishJob({1, error.what()});
  }
  if (!is_last) turn.AdvanceEpoch();
}

Worker::Worker() { Serve(kGetGradient, &Worker::GiveGradient); }

void Worker::EnterEpoch(Turn& turn) {
  TreeTask::EnterEpoch(turn);
  sum_.reset();
  want_gradient_.clear();
}

void Worker::SumKnown(Turn& turn, std::int64_t sum) {
  if (HasMishap(turn, Moment::kBefore)) {
    throw std::runtime_error("this worker was asked to fail here");
  }
  sum_ = sum;
  turn.FlagMeta(kParents, kGradientReady);
  for (const auto& token : std::exchange(want_gradient_, {})) Hand(turn, token);
}

void Worker::GiveGradient(Turn& turn, Token<std::int64_t> token, const Empty&) {
  if (sum_) {
    Hand(turn, token);
  } else {
    want_gradient_.push_back(token);
  }
}

void Worker::Hand(Turn& turn, Token<std::int64_t> token) {
  turn.Answer(token, *sum_);
  if (HasMishap(turn, Moment::kAfter)) turn.Retire();
}

taskgraph::Job RegressionJob() {
  taskgraph::Job job("regression", /*tasks=*/15);
  job.Link(kParents, taskgraph::TreeParents(2));
  job.Link(kChildren, taskgraph::TreeChildren(2));
  job.Config("epochs", "10", "the number of the last epoch");
  job.Config("result", "regression.result", "a file for the results");
  job.Config("root_fails", "no", "yes: the root fails on entering epoch 1");
  job.Config("worker_fail_percent", "0", "how likely workers fail in an epoch");
  job.Config("seed", "1", "which workers fail, and when");
  job.options().failure.max_failures = kFailuresMax;
  job.Build([](TaskId id) -> std::unique_ptr<taskgraph::Task> {
    if (id == 0) return std::make_unique<Root>();
    return std::make_unique<Worker>();
  });
  return job;
}

}  // namespace regression
