// SPDX-License-Identifier: Apache-2.0
#include "core/neighborhood.h"

#include <iterator>
#include <utility>

namespace taskgraph::core {

bool Neighborhood::Enter(SharedLists lists) {
  const bool same = lists_ != nullptr && (lists == lists_ || *lists == *lists_);
  lists_ = std::move(lists);
  if (same && !announced_any_) return false;
  Reannounce();
  if (same) return true;
  links_of_.clear();
  for (const auto& [link, neighbors] : *lists_) {
    for (TaskId neighbor : neighbors) links_of_[neighbor].push_back(link);
  }
  return true;
}

void Neighborhood::Reannounce() {
  for (auto& [task, known] : known_) known.announced = known.told;
  announced_any_ = false;
}

void Neighborhood::Meet(const Acquaintance& met) {
  const State state{met.incarnation, false};
  known_.emplace(met.task, Known{state, state});
}

TaskList Neighborhood::tasks() const {
  TaskList tasks;
  for (const auto& [task, links] : links_of_) tasks.push_back(task);
  return tasks;
}

std::vector<Cause> Neighborhood::ReviewAll() {
  std::vector<Cause> causes;
  for (const auto& [task, links] : links_of_) {
    std::vector<Cause> more = Review(task);
    std::move(more.begin(), more.end(), std::back_inserter(causes));
  }
  return causes;
}

std::vector<Cause> Neighborhood::Review(TaskId task) {
  const auto links = links_of_.find(task);
  if (links == links_of_.end()) return {};
  const Assignment& record = directory_.of(task);
  auto known = known_.find(task);
  if (known == known_.end()) {
    const std::optional<State> first = FirstImpression(record);
    if (!first) return {};
    known = known_.emplace(task, Known{*first, *first}).first;
    met_.push_back({task, first->incarnation});
  }
  State& state = known->second.announced;
  std::vector<Cause> causes;
  if (record.incarnation <= state.incarnation) return causes;
  if (!state.lost) {
    state.lost = true;
    causes.push_back(NeighborLost{{task, links->second, state.incarnation}});
  }
  if (record.HasPrimary()) {
    state = {record.incarnation, false};
    causes.push_back(NeighborBack{{task, links->second, record.incarnation}});
  }
  if (!causes.empty()) announced_any_ = true;
  return causes;
}

void Neighborhood::Told(const NeighborLost& lost) {
  known_[lost.neighbor.task].told = {lost.neighbor.incarnation, true};
}

void Neighborhood::Told(const NeighborBack& back) {
  known_[back.neighbor.task].told = {back.neighbor.incarnation, false};
}

// A neighbor that nobody has had yet is no news. One that is lost at present
// was in the incarnation before the recorded one.
std::optional<Neighborhood::State> Neighborhood::FirstImpression(
    const Assignment& record) {
  if (record.HasPrimary()) return State{record.incarnation, false};
  if (record.incarnation <= 1) return std::nullopt;
  return State{record.incarnation - 1, false};
}

}  // namespace taskgraph::core
