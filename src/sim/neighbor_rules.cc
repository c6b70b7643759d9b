// SPDX-License-Identifier: Apache-2.0
#include "sim/neighbor_rules.h"

#include <algorithm>
#include <string>
#include <variant>

namespace taskgraph::sim {
namespace {

enum Kind : std::size_t { kMeta, kRequest };

std::string Who(const core::RunTurn& order) {
  return "task " + std::to_string(order.context.task) + " (incarnation " +
         std::to_string(order.context.incarnation) + ")";
}

bool IsNeighbor(const core::RunTurn& order, TaskId task) {
  for (const auto& [link, tasks] : *order.context.neighbors) {
    if (std::find(tasks.begin(), tasks.end(), task) != tasks.end()) return true;
  }
  return false;
}

}  // namespace

void NeighborRules::Arrives(const core::NodeCore& at,
                            const core::Message& message) {
  const core::Route& route = message.route;
  if (!at.directory().Has(route.from)) return;
  if (route.term < at.directory().of(route.from).term) return;  // R2
  Letter letter{route.from, route.incarnation, route.epoch, 0, kMeta};
  if (const auto* meta = std::get_if<core::MetaMessage>(&message.body)) {
    std::get<3>(letter) = meta->number;
  } else if (const auto* request =
                 std::get_if<core::RequestMessage>(&message.body)) {
    std::get<3>(letter) = request->id.number;
    std::get<4>(letter) = kRequest;
  } else {
    return;
  }
  fresh_[at.self()].insert({route.to, letter});
}

void NeighborRules::ProcessEnded(const core::NodeId& node) {
  fresh_.erase(node);
  lives_.erase(node);
}

void NeighborRules::Begins(const core::NodeCore& at,
                           const core::RunTurn& order) {
  Lives(at.self(), order.context.task, order.context.incarnation);
  if (const auto* meta = std::get_if<core::HearMeta>(&order.cause)) {
    Hears(at, order,
          {meta->from, meta->incarnation, order.context.epoch, meta->number,
           kMeta});
  } else if (const auto* request =
                 std::get_if<core::ServeRequest>(&order.cause)) {
    Hears(at, order,
          {request->id.task, request->id.incarnation, request->id.epoch,
           request->id.number, kRequest});
  }
}

void NeighborRules::Counts(const core::RunTurn& order) {
  const Life life{order.context.task, order.context.incarnation};
  if (const auto* lost = std::get_if<core::NeighborLost>(&order.cause)) {
    Told(order, known_[{life, lost->neighbor.task}], *lost);
  } else if (const auto* back = std::get_if<core::NeighborBack>(&order.cause)) {
    Told(order, known_[{life, back->neighbor.task}], *back);
  } else if (const auto* meta = std::get_if<core::HearMeta>(&order.cause)) {
    CheckIncarnation(order, meta->from, meta->incarnation);
  } else if (const auto* request =
                 std::get_if<core::ServeRequest>(&order.cause)) {
    CheckIncarnation(order, request->id.task, request->id.incarnation);
  }
}

void NeighborRules::Told(const core::RunTurn& order, Known& known,
                         const core::NeighborLost& lost) {
  const Incarnation incarnation = lost.neighbor.incarnation;
  if (known.lost || incarnation < known.incarnation ||
      (known.incarnation != 0 && incarnation != known.incarnation) ||
      !IsNeighbor(order, lost.neighbor.task)) {
    verdict_.Violate("R22", Who(order) + " hears that task " +
                                std::to_string(lost.neighbor.task) +
                                " failed in incarnation " +
                                std::to_string(incarnation));
  }
  known = {incarnation, true};
}

void NeighborRules::Told(const core::RunTurn& order, Known& known,
                         const core::NeighborBack& back) {
  const Incarnation incarnation = back.neighbor.incarnation;
  if (!known.lost || incarnation <= known.incarnation ||
      !IsNeighbor(order, back.neighbor.task)) {
    verdict_.Violate("R22", Who(order) + " hears that task " +
                                std::to_string(back.neighbor.task) +
                                " is back in incarnation " +
                                std::to_string(incarnation));
  }
  known = {incarnation, false};
}

void NeighborRules::Hears(const core::NodeCore& at, const core::RunTurn& order,
                          const Letter& letter) {
  const TaskId from = std::get<0>(letter);
  const Incarnation incarnation = std::get<1>(letter);
  if (lives_[at.self()].contains({from, incarnation})) return;  // At home.
  if (!fresh_[at.self()].contains({order.context.task, letter})) {
    verdict_.Violate("R2", Who(order) + " hears task " + std::to_string(from) +
                               " of incarnation " +
                               std::to_string(incarnation) +
                               " though its node knew a higher term");
  }
}

// R22: tasks to which this one has a link announce themselves first.
void NeighborRules::CheckIncarnation(const core::RunTurn& order, TaskId from,
                                     Incarnation incarnation) {
  if (!IsNeighbor(order, from)) return;
  const auto [found, first] = known_.try_emplace(
      {{order.context.task, order.context.incarnation}, from});
  Known& known = found->second;
  if (first) known.incarnation = incarnation;
  if (known.lost || incarnation > known.incarnation) {
    verdict_.Violate("R22", Who(order) + " hears task " + std::to_string(from) +
                                " of incarnation " +
                                std::to_string(incarnation) +
                                " before it is told of it");
  }
}

}  // namespace taskgraph::sim
