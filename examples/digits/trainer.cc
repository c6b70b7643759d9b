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
constexpr TaskId kRoot = 0;

// 0: it is no number above 0.
Epoch EpochsOf(const taskgraph::Config& config) {
  const std::string& text = config.at("epochs");
  Epoch epochs = 0;
  std::from_chars(text.data(), text.data() + text.size(), epochs);
  return epochs;
}

// Has everyone whom this task could ask, other than `asker`, nothing to give?
bool NobodyElseKnows(const Turn& turn, const Memory& memory,
                     std::optional<TaskId> asker = {}) {
  std::set<TaskId> out = memory.clueless;
  if (asker) out.insert(*asker);
  return out.size() ==
         turn.Neighbors(kParents).size() + turn.Neighbors(kChildren).size();
}

// None: not yet.
std::optional<Array<double>> AnswerTo(const Wish& wish, const Turn& turn,
                                      const Memory& memory) {
  if (!wish.step) {
    return memory.sum.empty() ? std::nullopt : std::optional(memory.sum);
  }
  const auto model = memory.models.find(*wish.step);
  if (model != memory.models.end()) return model->second;
  const bool hopeless = *wish.step == turn.epoch() &&
                        NobodyElseKnows(turn, memory, wish.request.task);
  return hopeless ? std::optional(Array<double>()) : std::nullopt;
}

bool MaySum(const Turn& turn, const Memory& memory) {
  return memory.sum.empty() && memory.models.contains(turn.epoch()) &&
         memory.gradients.size() == turn.Neighbors(kChildren).size();
}

// This subtree has the next model. For the root that is everyone.
bool MayEnd(const Turn& turn, const Memory& memory) {
  return !memory.ended && memory.models.contains(turn.epoch() + 1) &&
         memory.confirmed.size() == turn.Neighbors(kChildren).size();
}

}  // namespace

Trainer::Trainer(const taskgraph::Config& config)
    : epochs_(EpochsOf(config)),
      result_(config.at("result")),
      rows_(ReadRows(config.at("data"))) {
  Serve(kGetModel, &Trainer::GiveModel);
  Serve(kGetGradient, &Trainer::GiveGradient);
  OnData(kGetModel, &Trainer::ModelArrived);
  OnData(kGetGradient, &Trainer::GradientArrived);
}

void Trainer::Init(Turn& turn) {
  if (epochs_ == 0) {  // A mistake on the command line.
    turn.FinishJob(
        {2, "epochs is a number above 0, not '" + turn.config("epochs") + "'"});
  }
}

void Trainer::EnterEpoch(Turn& turn) {
  const Epoch now = turn.epoch();
  const taskgraph::TaskList& parents = turn.Neighbors(kParents);
  const taskgraph::TaskList& children = turn.Neighbors(kChildren);
  for (TaskId parent : parents) turn.Request(parent, kGetModel, now + 1);
  for (TaskId child : children) turn.Request(child, kGetGradient, Empty());
  if (now > 0 && !memory_.models.contains(now)) {  // It began too late for it.
    for (TaskId parent : parents) turn.Request(parent, kGetModel, now);
    for (TaskId child : children) turn.Request(child, kGetModel, now);
  }
  Proceed(turn, {.what = What::kEpochBegan, .step = now});
}

void Trainer::GiveModel(Turn& turn, Token<Array<double>> token,
                        const Epoch& step) {
  Proceed(turn,
          {.what = What::kModelWanted, .step = step, .request = token.id()});
}

void Trainer::GiveGradient(Turn& turn, Token<Array<double>> token,
                           const Empty&) {
  Proceed(turn, {.what = What::kGradientWanted, .request = token.id()});
}

void Trainer::ModelArrived(Turn& turn, TaskId from,
                           const Array<double>& model) {
  if (model.empty()) {
    Proceed(turn, {.what = What::kClueless, .from = from});
  } else {
    Proceed(turn, {.what = What::kModel, .values = model});
  }
}

void Trainer::GradientArrived(Turn& turn, TaskId from,
                              const Array<double>& gradient) {
  Proceed(turn, {.what = What::kGradient, .from = from, .values = gradient});
}

void Trainer::MetaReady(Turn& turn, TaskId from, const taskgraph::LinkType&,
                        const std::string&) {
  Proceed(turn, {.what = What::kConfirmed, .from = from});
}

void Trainer::Proceed(Turn& turn, Note event) {
  Draft draft{memory_, {}};
  const Memory& memory = draft.memory;
  draft.Write(std::move(event));
  if (memory.models.empty() && NobodyElseKnows(turn, memory)) {
    turn.FinishJob({1, "all tasks failed at once, and the model with them"});
  }
  if (MaySum(turn, memory)) Sum(turn, draft);
  for (const Wish& wish : std::vector<Wish>(memory.wishes)) {
    const auto answer = AnswerTo(wish, turn, memory);
    if (!answer) continue;
    turn.Answer(Token<Array<double>>(wish.request), *answer);
    draft.Write({.what = What::kAnswered, .request = wish.request});
  }
  if (MayEnd(turn, memory)) {
    draft.Write({.what = What::kEnded});
    EndEpoch(turn, memory);
  }
  turn.Update(draft.notes);
}

// Adds in the order that model.h fixes. The root makes the next model of it.
void Trainer::Sum(const Turn& turn, Draft& draft) const {
  const Memory& memory = draft.memory;
  Vector sum = Gradient(memory.models.at(turn.epoch()),
                        PartOf(rows_, turn.task(), turn.tasks()));
  for (TaskId child : turn.Neighbors(kChildren)) {
    Add(memory.gradients.at(child), sum);
  }
  draft.Write({.what = What::kSum, .values = std::move(sum)});
  if (turn.task() == kRoot) {
    draft.Write({.what = What::kStep, .step = turn.epoch()});
  }
}

void Trainer::EndEpoch(Turn& turn, const Memory& memory) const {
  if (turn.task() != kRoot) {
    turn.FlagMeta(kParents, kConfirmed);
  } else if (turn.epoch() + 1 < epochs_) {
    turn.AdvanceEpoch();
  } else {
    Conclude(turn, memory.models.rbegin()->second);
  }
}

// Should this replica fail in here, its successor does it again, with equal
// result.
void Trainer::Conclude(Turn& turn, const Array<double>& model) const {
  try {
    if (!result_.empty()) WriteResult(result_, model);
    turn.FinishJob({0, Report(model, rows_)});
  } catch (const std::runtime_error& error) {
    turn.FinishJob({1, error.what()});
  }
}

void Trainer::Draft::Write(Note note) {
  memory.Take(note);
  notes.push_back(std::move(note));
}

void Trainer::Update(const taskgraph::Payload& log) {
  const Notes notes = taskgraph::Codec<Notes>::Decode(log).value();
  for (const Note& note : notes) memory_.Take(note);
}

taskgraph::Payload Trainer::Snapshot() {
  return taskgraph::Codec<Notes>::Encode(memory_.Summary());
}

void Trainer::Restore(const taskgraph::Payload& snapshot) {
  memory_ = {};
  Update(snapshot);
}

taskgraph::Job TrainingJob() {
  taskgraph::Job job("digits", /*tasks=*/15);
  job.Link(kParents, taskgraph::TreeParents(2));
  job.Link(kChildren, taskgraph::TreeChildren(2));
  job.Config("epochs", "300", "how many steps to take");
  job.Config("data", DIGITS_DATA, "the images");
  job.Config("result", "", "a file for the parameters and the losses");
  job.Backups(kRoot, 1);
  return job;
}

}  // namespace digits
