// SPDX-License-Identifier: Apache-2.0
#include "sim/checker.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace taskgraph::sim {
namespace {

bool IsSnapshot(const core::RunTurn& order) {
  return std::holds_alternative<core::TakeSnapshot>(order.cause);
}

bool IsExit(const core::RunTurn& order) {
  return std::holds_alternative<core::ExitTask>(order.cause);
}

std::string Who(const core::RunTurn& order) {
  return "task " + std::to_string(order.context.task) + " (term " +
         std::to_string(order.context.term) + ")";
}

}  // namespace

Checker::Checker(const Job& job, const Agenda& agenda)
    : verdict_(agenda),
      agenda_(agenda),
      records_(job, verdict_),
      ledger_(job, verdict_),
      neighbors_(verdict_),
      history_(verdict_, [this](const TurnHistory::Turn& turn) {
        if (!turn.counted) Counts(turn.order);
        ledger_.Commits(turn.order.context, turn.effects);
      }) {}

void Checker::ProcessEnded(const NodeId& id) {
  records_.ProcessEnded(id);
  neighbors_.ProcessEnded(id);
  std::erase_if(open_,
                [&](const auto& turn) { return turn.first.first == id; });
  std::erase_if(exits_owed_,
                [&](const auto& owed) { return owed.first.first == id; });
}

void Checker::MessageArrives(const core::NodeCore& at,
                             const core::MessageArrived& arrived) {
  if (const auto* message = std::get_if<core::Message>(&arrived.message)) {
    neighbors_.Arrives(at, *message);
  }
}

void Checker::TurnBegins(const core::NodeCore& at, const core::RunTurn& order) {
  ++checks_;
  if (IsExit(order)) return CheckExit(at, order);
  if (IsSnapshot(order) && at.replicas().contains(order.replica)) {
    open_[{at.self(), order.replica}] = {order, {}, true};  // May be recorded.
  }
  if (core::IsOutsideEpochs(order.cause)) return;
  CheckPrimary(at, order);
  neighbors_.Begins(at, order);
  // Where there are backups it counts when they have its record.
  const auto& log = at.replicas().at(order.replica)->log();
  const bool counts = !log;
  if (counts) Counts(order);
  const auto* request = std::get_if<core::ServeRequest>(&order.cause);
  if (request != nullptr && log &&
      !at.directory().of(order.context.task).backups.empty() &&
      at_work_[order.context.task] > order.context.term) {
    stale_.insert({{at.self(), order.replica}, request->id});
  }
  open_[{at.self(), order.replica}] = {order, {}, counts};
}

void Checker::Counts(const core::RunTurn& order) {
  CheckEpoch(order);
  neighbors_.Counts(order);
  ledger_.Begins(order.context, order.cause);
}

void Checker::Hears(const core::NodeCore& at, const core::Input& fact) {
  failed_.reset();
  ended_.reset();
  if (const auto* arrived = std::get_if<core::MessageArrived>(&fact)) {
    MessageArrives(at, *arrived);
  } else if (const auto* changed =
                 std::get_if<core::AssignmentChanged>(&fact)) {
    const core::Assignment& record = changed->assignment;
    if (record.primary == at.self()) {  // Perhaps of a backup.
      neighbors_.Lives(at.self(), changed->task, record.incarnation);
      Term& at_work = at_work_[changed->task];
      at_work = std::max(at_work, record.term);
      history_.Promoted(at, *changed,
                        record.term == records_.of(changed->task).term);
    }
  } else if (std::holds_alternative<core::JobEnded>(fact)) {
    EndIsKnown(at);
  } else if (const auto* finished = std::get_if<core::TurnFinished>(&fact)) {
    TurnEnds(at, *finished);
  }
}

// R2: one replica for each term, the recorded one, and never one that has been
// told of a successor.
void Checker::CheckPrimary(const core::NodeCore& at,
                           const core::RunTurn& order) {
  const core::TurnContext& context = order.context;
  const ReplicaKey key{at.self(), order.replica};
  const auto [owner, first] =
      owner_.try_emplace({context.task, context.term}, key);
  const core::Assignment* record = records_.At(context.task, context.term);
  if (owner->second != key || record == nullptr ||
      record->primary != at.self() ||
      record->incarnation != context.incarnation) {
    Violate("R2", Who(order) + " runs on " + at.self() +
                      ", which is not that term's primary");
  }
  if (at.directory().of(context.task).term > context.term) {
    Violate("R2", Who(order) + " runs on " + at.self() +
                      ", which knows that it is superseded");
  }
}

void Checker::CheckEpoch(const core::RunTurn& order) {
  const core::TurnContext& context = order.context;
  if (context.epoch > records_.epoch()) {
    Violate("R6", Who(order) + " is in an epoch that has not begun");
  }
  const auto [found, first] =
      epochs_.try_emplace({context.task, context.incarnation});
  Epochs& epochs = found->second;
  if (first) {
    epochs.began = context.epoch;
    if (!std::holds_alternative<core::InitTask>(order.cause)) {
      Violate("R7", Who(order) + " begins without Init");
    }
  } else if (std::holds_alternative<core::InitTask>(order.cause)) {
    Violate("R7", Who(order) + " runs Init twice");
  }
  const auto* enter = std::get_if<core::EnterEpoch>(&order.cause);
  if (enter == nullptr) {
    const bool inside = epochs.last == context.epoch ||
                        std::holds_alternative<core::InitTask>(order.cause);
    if (!inside) Violate("R7", Who(order) + " runs before EnterEpoch");
    return;
  }
  const Epoch due = context.epoch - enter->skipped;
  // The first one may count from before Init, which waits for a thread, too.
  const bool right =
      epochs.last ? due == *epochs.last + 1 : due <= epochs.began;
  if (!right) {
    Violate("R7", Who(order) + " enters epoch " +
                      std::to_string(context.epoch) + " and skips " +
                      std::to_string(enter->skipped));
  }
  epochs.last = context.epoch;
}

void Checker::CheckExit(const core::NodeCore& at, const core::RunTurn& order) {
  const ReplicaKey key{at.self(), order.replica};
  const auto& exit = std::get<core::ExitTask>(order.cause);
  if (!exited_.insert(key).second) Violate("R24", Who(order) + " exits twice");
  exits_owed_.erase(key);
  const bool ended = exit.reason != ExitReason::kSuperseded;
  if (ended && (!records_.end() || records_.end()->reason != exit.reason ||
                records_.end()->status != exit.status)) {
    Violate("R24", Who(order) + " is told of another end than was recorded");
  }
}

void Checker::TurnEnds(const core::NodeCore& at,
                       const core::TurnFinished& finished) {
  const auto turn = open_.extract({at.self(), finished.replica});
  if (!turn || !finished.effects.begun) return;
  const core::TurnContext context = turn.mapped().order.context;
  const auto replica = at.replicas().find(finished.replica);
  if (replica == at.replicas().end() || !replica->second->active()) return;
  if (finished.effects.failure) {
    if (IsSnapshot(turn.mapped().order)) return;  // No failure of the task's.
    records_.Threw(context.task, context.term);
    failed_ = context.task;
    return;
  }
  TurnHistory::Turn ended = std::move(turn.mapped());
  if (context.epoch == at.epoch()) ended.effects = finished.effects.ordered;
  const auto& log = replica->second->log();
  if (log) {
    ended_ = Ended{std::move(ended), log->end()};
  } else {
    ledger_.Commits(context, ended.effects);
  }
}

// What was written down may have taken effect by now, too.
void Checker::Settle(const core::NodeCore& at) {
  if (ended_ && !history_.Ended(at, ended_->log_end, ended_->turn) &&
      !IsSnapshot(ended_->turn.order)) {
    const core::RunTurn& order = ended_->turn.order;
    const bool is_read =
        std::holds_alternative<core::ServeRequest>(order.cause);
    if (!is_read && !ended_->turn.counted) Counts(order);
    ledger_.Commits(order.context, ended_->turn.effects);
  }
  history_.After(at);
  CheckBackups(at);
}

// R4: who counts has applied nothing but what took effect.
void Checker::CheckBackups(const core::NodeCore& at) {
  for (const auto& [task, backup] : at.backups()) {
    const core::Assignment& record = records_.of(task);
    if (record.incarnation != backup->identity().incarnation ||
        record.term != backup->identity().term ||
        !core::IsIn(at.self(), record.backups)) {
      continue;
    }
    const core::RecordNumber applied = backup->log().applied();
    if (applied > history_.Committed(task, record.incarnation)) {
      Violate("R4", "the backup of task " + std::to_string(task) + " on " +
                        at.self() + " has applied record " +
                        std::to_string(applied) +
                        ", which did not take effect yet");
    }
  }
}

void Checker::Ordered(const core::NodeCore& by, const core::Outputs& orders) {
  Settle(by);
  for (const core::Output& order : orders) {
    const auto* send = std::get_if<core::SendMessage>(&order);
    if (send == nullptr) continue;
    const auto* message = std::get_if<core::Message>(&send->message);
    if (message == nullptr) continue;
    const core::Route& route = message->route;
    if (route.term < by.directory().of(route.from).term) {
      Violate("R2", "node " + by.self() + " sends for task " +
                        std::to_string(route.from) +
                        " in a term that it knows to be over");
    }
    const auto* answer = std::get_if<core::AnswerMessage>(&message->body);
    if (answer != nullptr && !answer->error) CheckFresh(by, route, answer->id);
    if (failed_ == route.from) {
      Violate("R15", "a turn that threw had an effect");
    }
  }
}

void Checker::CheckFresh(const core::NodeCore& by, const core::Route& route,
                         const RequestId& id) {
  for (const auto& [replica, core] : by.replicas()) {
    if (core->identity().task != route.from ||
        !stale_.contains({{by.self(), replica}, id})) {
      continue;
    }
    Violate("R16", "task " + std::to_string(route.from) + " on " + by.self() +
                       " answers what it was asked after another replica " +
                       "had begun to work in its place");
  }
}

void Checker::ControllerOrders(const core::ControllerCore& by,
                               const core::Output& order, Time back_since) {
  if (const auto* end = std::get_if<core::EndSession>(&order)) {
    records_.EndsSession(end->node);
    return;
  }
  const auto* proposal = std::get_if<core::ProposeAssignments>(&order);
  if (proposal == nullptr) return;
  if (!by.elected()) {
    Violate("R25", "controller " + by.self() + " proposes, but is a standby");
  }
  for (const core::AssignmentChange& change : proposal->changes) {
    if (change.expected.HasPrimary() &&
        change.next.term != change.expected.term) {
      if (by.nodes().contains(change.expected.primary)) {
        Violate("R5", "controller " + by.self() + " gives up a task on node " +
                          change.expected.primary + ", which has a session");
      }
      records_.GivesUp(change.task, change.expected.primary,
                       agenda_.now() - back_since);
    }
  }
}

// R24: each live primary gets its Exit.
void Checker::EndIsKnown(const core::NodeCore& at) {
  for (const auto& [id, replica] : at.replicas()) {
    const ReplicaKey key{at.self(), id};
    if (replica->active() && !exited_.contains(key)) exits_owed_[key] = 1;
  }
}

void Checker::AtTheEnd() {
  for (const auto& [replica, count] : exits_owed_) {
    Violate("R24", "a task on " + replica.first + " got no Exit");
  }
}

}  // namespace taskgraph::sim
