// SPDX-License-Identifier: Apache-2.0
//
// Departures: what a task's turns want done outside, in order, until it may
// leave (R15, R16).
//
// Intuition: the outgoing mail of a house whose letters are copied first. A
// letter leaves when all copyists have the page that says it was written; a
// letter for which no page was written leaves when each of them has said a word
// since it was begun, because they would not say it to a writer who was
// replaced. Nothing overtakes.
//
// Pure. Not thread-safe; owned by ReplicaCore.
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "core/fifo.h"
#include "core/primary_log.h"
#include "core/vocabulary.h"

namespace taskgraph::core {

// To the task's primary of the time when it leaves.
struct Letter {
  TaskId to = 0;
  Body body;
};

// The replica gives its task up: to a backup, or else to a new incarnation.
struct Resignation {
  std::uint32_t failures_added = 0;
  std::string why;
};

class Departures {
 public:
  using Item = std::variant<Letter, ProposeEpoch, ProposeEnd, Resignation>;

  struct Gate {
    RecordNumber record = 0;     // It and all before it took effect.
    std::optional<Stamp> began;  // R16: all said something after it.

    bool IsOpen(const PrimaryLog& log) const {
      return log.committed() >= record && (!began || log.Heard(*began));
    }
  };

  bool empty() const { return items_.empty(); }
  std::size_t size() const { return items_.size(); }
  void Add(Gate gate, Item item) { items_.push_back({gate, std::move(item)}); }

  // The next one that may leave; none: the next one waits, or there is none.
  std::optional<Item> Pop(const PrimaryLog& log) {
    if (items_.empty() || !items_.front().gate.IsOpen(log)) return {};
    return items_.Pop().item;
  }

  // The word that the next one waits for (PrimaryLog::NextFor).
  std::optional<Stamp> awaited(const PrimaryLog& log) const {
    if (items_.empty()) return {};
    const std::optional<Stamp> began = items_.front().gate.began;
    return began && !log.Heard(*began) ? began : std::nullopt;
  }

  // The epoch ended: letters of it would be void on arrival (R9).
  void DropLetters() {
    for (std::size_t left = items_.size(); left > 0; --left) {
      Departure next = items_.Pop();
      const bool stays = std::holds_alternative<ProposeEnd>(next.item) ||
                         std::holds_alternative<Resignation>(next.item);
      if (stays) items_.push_back(std::move(next));
    }
  }
  void Clear() { items_.clear(); }

 private:
  struct Departure {
    Gate gate;
    Item item;
  };
  Fifo<Departure> items_;
};

}  // namespace taskgraph::core
