// SPDX-License-Identifier: Apache-2.0
#include "sim/node_process.h"

#include <utility>
#include <variant>

#include "sim/checker.h"
#include "sim/crash_point.h"
#include "sim/digest.h"

namespace taskgraph::sim {
namespace {

// What makes a copy of a task's state, or takes one.
bool IsCopying(const core::Cause& cause) {
  const auto* role = std::get_if<core::ChangeRole>(&cause);
  return (role != nullptr && role->snapshot) ||
         std::holds_alternative<core::TakeSnapshot>(cause) ||
         std::holds_alternative<core::CompareState>(cause);
}

// What is called for the application's sake, and not for its copies'.
bool IsWork(const core::Cause& cause) {
  return !std::holds_alternative<core::ChangeRole>(cause) &&
         !std::holds_alternative<core::TakeSnapshot>(cause) &&
         !std::holds_alternative<core::CompareState>(cause) &&
         !std::holds_alternative<core::ApplyUpdates>(cause) &&
         !std::holds_alternative<core::ExitTask>(cause);
}

core::TurnEffects Thrown(std::string why) {
  core::TurnEffects failed;  // R15: nothing else of the turn remains.
  failed.failure = std::move(why);
  return failed;
}

}  // namespace

NodeProcess::NodeProcess(Stage& stage, NodeId id, core::NodeRecord record)
    : Process(stage, std::move(id)),
      record_(std::move(record)),
      surroundings_{stage.job, {}, stage.job.options(), nullptr},
      links_(stage.job.links(), stage.job.tasks()) {
  record_.node = this->id();
  record_.addresses = {"sim:" + this->id()};
  Begin();
  if (stage.coordinator.by_interest) {  // Nothing has been told yet.
    coordinator().LimitTo({stage.job.name(), this->id(), links_});
  }
}

// The newest, where an old copy has not gone yet.
const Task* NodeProcess::TaskOf(TaskId task) const {
  const Task* newest = nullptr;
  for (const auto& [replica, hosted] : tasks_) {
    if (hosted.id == task && hosted.task) newest = hosted.task->task();
  }
  return newest;
}

void NodeProcess::OnSpec(const coordination::JobSpec& spec) {
  surroundings_.config = spec.config;
  surroundings_.options = spec.options;
  surroundings_.log = [this](const core::TurnContext& context,
                             std::string_view text) {
    if (!stage().trace.Wants(Trace::Level::kTurns)) return;
    stage().trace.Line(
        Trace::Level::kTurns,
        "task " + std::to_string(context.task) + " says: " + std::string(text));
  };
  core_ = std::make_unique<core::NodeCore>(id(), links_, spec.options);
  store().Join(record_);
}

void NodeProcess::Leave() {
  core::Output leave = core::LeaveJob{};
  Carry(leave);
  PostAfter(stage().job.options().failure.session_time,
            [this] { End("leaves, unheard"); });
}

void NodeProcess::OnSessionEnded() { End("leaves"); }

void NodeProcess::Step(core::Input fact) {
  Checker& checker = stage().checker;
  checker.Hears(*core_, fact);
  const std::string name = asked() ? NameOf(fact) : std::string();
  core::Outputs orders = std::exchange(core_->Step(std::move(fact), Now()), {});
  checker.Ordered(*core_, orders);
  Know(name);
  for (core::Output& order : orders) {
    if (!alive()) return;
    const std::string what = asked() ? NameOf(order) : std::string();
    Do(order);
    Done(what);
  }
  CheckStops();
}

void NodeProcess::Do(core::Output& order) {
  if (auto* turn = std::get_if<core::RunTurn>(&order)) {
    Do(*turn);
  } else if (const auto* stop = std::get_if<core::StopTurn>(&order)) {
    const auto found = tasks_.find(stop->replica);
    if (found == tasks_.end()) return;
    found->second.task->Stop();
    if (found->second.turn) found->second.turn->stopped = true;
  } else if (const auto* drop = std::get_if<core::DropTask>(&order)) {
    tasks_.erase(drop->replica);
  } else {
    Carry(order);
  }
}

void NodeProcess::Do(core::RunTurn& order) {
  Hosted& hosted = tasks_[order.replica];
  if (!hosted.task) {
    hosted.id = order.context.task;
    hosted.task = std::make_unique<runtime::HostedTask>(surroundings_);
  }
  if (hosted.turn) stage().checker.Violate("R15", "two turns at a time");
  const core::ReplicaId replica = order.replica;
  hosted.turn = OpenTurn{std::move(order)};
  ++hosted.turns;
  const TurnTimes& times = stage().turns;
  const bool late = stage().random.Chance(times.late_turns);
  PostAfter(late ? stage().random.Between({}, times.usual_max) : Duration{},
            [this, replica] { BeginTurn(replica); });
}

void NodeProcess::BeginTurn(core::ReplicaId replica) {
  const auto found = tasks_.find(replica);
  if (found == tasks_.end()) return;  // It was dropped.
  Hosted& hosted = found->second;
  OpenTurn& turn = *hosted.turn;
  hosted.effects = {};
  if (!core_->MayBegin(replica)) {
    hosted.effects.begun = false;
    EndTurn(replica, hosted.turns);
    return;
  }
  TraceTurn(turn.order);
  stage().checker.TurnBegins(*core_, turn.order);
  hosted.task->Prepare();
  turn.begun = true;
  turn.stopped = false;
  hosted.effects = CallBack(hosted);
  stage().trace.Mix(Digest(hosted.effects));
  PostAfter(TurnTime(turn), [this, replica, number = hosted.turns] {
    EndTurn(replica, number);
  });
}

core::TurnEffects NodeProcess::CallBack(Hosted& hosted) {
  const core::RunTurn& order = hosted.turn->order;
  core::TurnEffects effects;
  hosted.task->Run(order.context, order.cause, effects);
  const bool work = IsWork(order.cause);
  if (work && Struck(FaultKind::kThrow, hosted.id)) {
    return Thrown("a fault of the simulation");
  }
  if (IsCopying(order.cause) && Struck(FaultKind::kBadCopy, hosted.id)) {
    return Thrown("a bad copy, a fault of the simulation");
  }
  if (work && !effects.failure && Struck(FaultKind::kRetire, hosted.id)) {
    effects.retire = true;
  }
  return effects;
}

std::optional<Duration> NodeProcess::Struck(FaultKind kind, TaskId task) const {
  const Strikes& strikes = stage().strikes;
  return strikes ? strikes(kind, task) : std::nullopt;
}

Duration NodeProcess::TurnTime(const OpenTurn& turn) {
  const TurnTimes& times = stage().turns;
  if (const auto& planned = stage().planned_time) {
    const Duration time = planned(turn.order.context.task);
    if (time > Duration{}) return time;
  }
  return stage().random.Between(times.usual_min, times.usual_max) +
         Struck(FaultKind::kLongTurn, turn.order.context.task)
             .value_or(Duration{});
}

void NodeProcess::EndTurn(core::ReplicaId replica, std::uint64_t number) {
  const auto found = tasks_.find(replica);
  if (found == tasks_.end() || found->second.turns != number) return;
  Hosted& hosted = found->second;
  core::TurnFinished finished{replica, std::move(hosted.effects)};
  const bool exited =
      std::holds_alternative<core::ExitTask>(hosted.turn->order.cause);
  hosted.turn.reset();
  if (exited) tasks_.erase(found);
  Take(std::move(finished));
}

// R9: the stop token of a turn whose epoch ended has fired.
void NodeProcess::CheckStops() {
  for (const auto& [replica, hosted] : tasks_) {
    if (!hosted.turn || !hosted.turn->begun || hosted.turn->stopped) continue;
    const core::RunTurn& order = hosted.turn->order;
    if (order.context.epoch < core_->epoch() &&
        !core::IsOutsideEpochs(order.cause)) {
      stage().checker.Violate(
          "R9", "task " + std::to_string(order.context.task) +
                    " runs a turn of a past epoch, and was not told to stop");
    }
  }
}

void NodeProcess::TraceTurn(const core::RunTurn& order) {
  Trace& trace = stage().trace;
  const core::TurnContext& context = order.context;
  trace.Mix(Scatter(context.task) + Scatter(context.term << 8) +
            Scatter(context.epoch << 16) + order.cause.index());
  if (!trace.Wants(Trace::Level::kTurns)) return;
  std::string text = core::Describe(order.cause);
  if (const auto* meta = std::get_if<core::HearMeta>(&order.cause)) {
    text += " \"" + meta->text + "\"";
  }
  trace.Line(Trace::Level::kTurns,
             "task " + std::to_string(context.task) + " on " + id() +
                 ", epoch " + std::to_string(context.epoch) + ": " + text);
}

}  // namespace taskgraph::sim
