// SPDX-License-Identifier: Apache-2.0
#include "digits/trainer.h"

#include <charconv>
#include <stdexcept>
#include <utility>

namespace digits {
namespace {

constexpr char kParents[] = "parents";
constexpr char kChildren[] = "children";
constexpr char kConfirmed[] = "my subtree has the next model";

}  // namespace

Trainer::Trainer() {
  Serve(kGetModel, &Trainer::GiveModel);
  Serve(kGetGradient, &Trainer::GiveGradient);
  OnData(kGetModel, &Trainer::ModelArrived);
  OnData(kGetGradient, &Trainer::GradientArrived);
}

void Trainer::Init(Turn& turn) {
  is_root_ = turn.task() == 0;
  const std::string& epochs = turn.config("epochs");
  std::from_chars(epochs.data(), epochs.data() + epochs.size(), epochs_);
  if (epochs_ == 0) {  // A mistake on the command line.
    turn.FinishJob({2, "epochs is a number above 0, not '" + epochs + "'"});
  }
  part_ = PartOf(ReadRows(turn.config("data")), turn.task(), turn.tasks());
}

void Trainer::EnterEpoch(Turn& turn) {
  const Epoch now = turn.epoch();
  models_.erase(models_.begin(), models_.lower_bound(now));
  if (now == 0) models_[0] = FirstModel();  // The one that everybody knows.
  children_ = turn.Neighbors(kChildren);
  neighbors_ = {children_.begin(), children_.end()};
  clueless_.clear();
  confirmed_.clear();
  gradients_.clear();
  sum_ = {};
  want_model_.clear();  // Its tokens are void now (R9).
  want_gradient_.clear();
  ended_ = false;

  for (TaskId parent : turn.Neighbors(kParents)) {
    neighbors_.insert(parent);
    turn.Request(parent, kGetModel, now + 1);
  }
  for (TaskId child : children_) turn.Request(child, kGetGradient, Empty());
  if (!models_.contains(now)) {  // This incarnation began too late for it.
    for (TaskId task : neighbors_) turn.Request(task, kGetModel, now);
  }
  Proceed(turn);
}

void Trainer::GiveModel(Turn& turn, Token<Array<double>> token,
                        const Epoch& step) {
  want_model_.push_back({token, step});
  Proceed(turn);
}

void Trainer::GiveGradient(Turn& turn, Token<Array<double>> token,
                           const Empty&) {
  want_gradient_.push_back(token);
  Proceed(turn);
}

void Trainer::ModelArrived(Turn& turn, TaskId from,
                           const Array<double>& model) {
  if (model.empty()) {
    clueless_.insert(from);
  } else {
    models_.try_emplace(StepsOf(model), model);
  }
  Proceed(turn);
}

void Trainer::GradientArrived(Turn& turn, TaskId from,
                              const Array<double>& gradient) {
  gradients_[from] = gradient;
  Proceed(turn);
}

void Trainer::MetaReady(Turn& turn, TaskId from, const taskgraph::LinkType&,
                        const std::string&) {
  confirmed_.insert(from);
  Proceed(turn);
}

void Trainer::Proceed(Turn& turn) {
  const auto model = models_.find(turn.epoch());
  const bool has_gradients = gradients_.size() == children_.size();
  if (models_.empty() && clueless_ == neighbors_) {
    turn.FinishJob({1, "all tasks failed at once, and the model with them"});
  } else if (model != models_.end() && has_gradients && sum_.empty()) {
    Sum(model->second);
  }
  AnswerWaiting(turn);
  const bool has_next = models_.contains(turn.epoch() + 1);
  if (has_next && confirmed_.size() == children_.size()) EndEpoch(turn);
}

// Adds in the order that model.h fixes. The root makes the next model of it.
void Trainer::Sum(const Array<double>& model) {
  Vector sum = Gradient(model, part_);
  for (TaskId child : children_) Add(gradients_.at(child), sum);
  sum_ = std::move(sum);
  if (is_root_) models_[StepsOf(model) + 1] = Step(model, sum_);
}

void Trainer::AnswerWaiting(Turn& turn) {
  std::erase_if(want_model_, [&](const Waiting& waiting) {
    const auto model = models_.find(waiting.step);
    const bool found = model != models_.end();
    const bool hopeless =
        waiting.step == turn.epoch() && NobodyBut(waiting.token.from());
    if (found) turn.Answer(waiting.token, model->second);
    if (!found && hopeless) turn.Answer(waiting.token, {});
    return found || hopeless;
  });
  if (sum_.empty()) return;
  for (const auto& token : std::exchange(want_gradient_, {})) {
    turn.Answer(token, sum_);
  }
}

// Has everyone whom this task could ask, other than `asker`, nothing to give?
bool Trainer::NobodyBut(TaskId asker) const {
  std::set<TaskId> clueless = clueless_;
  clueless.insert(asker);
  return clueless == neighbors_;
}

// This subtree has the next model. For the root that is everyone.
void Trainer::EndEpoch(Turn& turn) {
  if (std::exchange(ended_, true)) return;
  if (!is_root_) {
    turn.FlagMeta(kParents, kConfirmed);
  } else if (turn.epoch() + 1 < epochs_) {
    turn.AdvanceEpoch();
  } else {
    Conclude(turn);
  }
}

// Should the root fail in here, its successor does it again, with equal result.
void Trainer::Conclude(Turn& turn) {
  const Array<double>& model = models_.rbegin()->second;
  const std::string& path = turn.config("result");
  try {
    if (!path.empty()) WriteResult(path, model);
    turn.FinishJob({0, Report(model, ReadRows(turn.config("data")))});
  } catch (const std::runtime_error& error) {
    turn.FinishJob({1, error.what()});
  }
}

taskgraph::Job TrainingJob() {
  taskgraph::Job job("digits", /*tasks=*/15);
  job.Link(kParents, taskgraph::TreeParents(2));
  job.Link(kChildren, taskgraph::TreeChildren(2));
  job.Config("epochs", "300", "how many steps to take");
  job.Config("data", DIGITS_DATA, "the images");
  job.Config("result", "", "a file for the parameters and the losses");
  return job;
}

}  // namespace digits
