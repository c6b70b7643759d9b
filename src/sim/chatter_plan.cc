// SPDX-License-Identifier: Apache-2.0
#include "sim/chatter_plan.h"

#include <algorithm>

namespace taskgraph::sim {
namespace {

// Purposes of draws; each its own stream.
constexpr std::uint64_t kLinks = 1'000;
constexpr std::uint64_t kMetaCount = 2'000;
constexpr std::uint64_t kMetaText = 3'000;
constexpr std::uint64_t kAskCount = 4'000;
constexpr std::uint64_t kAskTo = 5'000;
constexpr std::uint64_t kAskMode = 6'000;
constexpr std::uint64_t kWorth = 7'000;

constexpr std::uint64_t kLinkPercent = 30;
constexpr std::uint64_t kMetasMax = 3;
constexpr std::uint64_t kTexts = 2;
constexpr std::uint64_t kAsksMax = 5;
constexpr std::uint64_t kServersMax = 2;  // So that each is asked again.
constexpr std::uint64_t kModes = 7;

}  // namespace

TaskList ChatterPlan::Neighbors(TaskId task, Epoch epoch) const {
  TaskList neighbors;
  for (TaskId other = 0; other < load_.tasks; ++other) {
    if (Draw(epoch, task, kLinks + other) % 100 < kLinkPercent) {
      neighbors.push_back(other);
    }
  }
  return neighbors;
}

std::vector<std::string> ChatterPlan::Metas(TaskId task, Epoch epoch) const {
  std::vector<std::string> metas(Draw(epoch, task, kMetaCount) %
                                 (kMetasMax + 1));
  for (std::size_t i = 0; i < metas.size(); ++i) {
    metas[i] = "m" + std::to_string(Draw(epoch, task, kMetaText + i) % kTexts);
  }
  return metas;
}

// Over any link: talk, the tree, or itself.
bool ChatterPlan::HasLink(TaskId from, TaskId to, Epoch epoch) const {
  if (from == to) return true;
  if (from > 0 && (from - 1) / 2 == to) return true;
  if (to > 0 && (to - 1) / 2 == from) return true;
  const TaskList talk = Neighbors(from, epoch);
  return std::count(talk.begin(), talk.end(), to) > 0;
}

std::vector<ChatterPlan::Ask> ChatterPlan::Asks(TaskId task,
                                                Epoch epoch) const {
  std::vector<Ask> asks;
  const TaskList talk = Neighbors(task, epoch);
  const std::uint64_t count = Draw(epoch, task, kAskCount) % (kAsksMax + 1);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto mode =
        static_cast<Mode>(Draw(epoch, task, kAskMode + i) % kModes);
    const std::uint64_t draw = Draw(epoch, task, kAskTo + i);
    if (mode == Mode::kStranger) {
      const auto to = static_cast<TaskId>(draw % load_.tasks);
      if (!HasLink(task, to, epoch)) asks.push_back({to, mode});
    } else if (!talk.empty()) {
      const std::uint64_t servers = std::min(kServersMax, talk.size());
      asks.push_back({talk[draw % servers], mode});
    }
  }
  return asks;
}

std::uint64_t ChatterPlan::MetaWorth(TaskId from, Epoch epoch,
                                     const std::string& text) const {
  std::uint64_t worth = Draw(epoch, from, kWorth);
  for (unsigned char c : text) worth = Scatter(worth + c);
  return worth;
}

std::uint64_t ChatterPlan::AnswerWorth(TaskId server, Epoch epoch,
                                       std::uint64_t input) const {
  return Scatter(Draw(epoch, server, kWorth + 1) + input);
}

std::uint64_t ChatterPlan::ThanksOf(TaskId task, Epoch epoch) const {
  const std::vector<Ask> asks = Asks(task, epoch);
  return static_cast<std::uint64_t>(
      std::count_if(asks.begin(), asks.end(),
                    [](const Ask& ask) { return IsAnswered(ask.mode); }));
}

std::uint64_t ChatterPlan::MetasExpected(TaskId task, Epoch epoch) const {
  std::uint64_t count = 0;
  for (TaskId from = 0; from < load_.tasks; ++from) {
    const TaskList talk = Neighbors(from, epoch);
    if (std::count(talk.begin(), talk.end(), task) == 0) continue;
    count += Metas(from, epoch).size() + ThanksOf(from, epoch);
  }
  return count;
}

std::uint64_t ChatterPlan::Worth(TaskId task, Epoch epoch) const {
  std::uint64_t worth = 0;
  for (TaskId from = 0; from < load_.tasks; ++from) {
    const TaskList talk = Neighbors(from, epoch);
    if (std::count(talk.begin(), talk.end(), task) == 0) continue;
    for (const std::string& text : Metas(from, epoch)) {
      worth += MetaWorth(from, epoch, text);
    }
    worth += ThanksOf(from, epoch) * MetaWorth(from, epoch, kThanks);
  }
  const std::vector<Ask> asks = Asks(task, epoch);
  for (std::size_t i = 0; i < asks.size(); ++i) {
    if (!IsAnswered(asks[i].mode)) continue;
    worth += AnswerWorth(asks[i].to, epoch, i);
  }
  return worth;
}

std::uint64_t ChatterPlan::TotalWorth(Epoch epoch) const {
  std::uint64_t total = 0;
  for (TaskId task = 0; task < load_.tasks; ++task) {
    total += Worth(task, epoch);
  }
  return total;
}

}  // namespace taskgraph::sim
