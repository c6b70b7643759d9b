// SPDX-License-Identifier: Apache-2.0
//
// ChatterPlan: who says what to whom in which epoch, as a pure function of a
// seed; so that each task knows what to do and what to expect, and a restarted
// one does the same again.
#pragma once

#include <string>
#include <vector>

#include "sim/tasks.h"
#include "taskgraph/topology.h"

namespace taskgraph::sim {

class ChatterPlan {
 public:
  // How a request is made, and how it must end.
  enum class Mode : std::uint8_t {
    kPlain,      // Answered in the same turn.
    kKeyed,      // Likewise; asking again after a restart is the same request.
    kLater,      // Answered in a later turn.
    kDeclined,   // Fails by the server's word.
    kUnserved,   // Fails: there is no such method.
    kStranger,   // Fails: there is no link.
    kWithdrawn,  // Fails, or is answered before that.
  };
  struct Ask {
    TaskId to = 0;
    Mode mode = Mode::kPlain;
  };

  explicit ChatterPlan(const Workload& workload) : load_(workload) {}

  TaskList Neighbors(TaskId task, Epoch epoch) const;
  // Flagged on entering the epoch, in any order; some are equal.
  std::vector<std::string> Metas(TaskId task, Epoch epoch) const;
  std::vector<Ask> Asks(TaskId task, Epoch epoch) const;

  // The meta that is flagged for each answer.
  static constexpr char kThanks[] = "thanks";

  // What is added to a task's sum by a meta that it hears, an answer it takes.
  std::uint64_t MetaWorth(TaskId from, Epoch epoch,
                          const std::string& text) const;
  std::uint64_t AnswerWorth(TaskId server, Epoch epoch,
                            std::uint64_t input) const;

  // How many metas a task hears on "talk", and what it contributes in all.
  std::uint64_t MetasExpected(TaskId task, Epoch epoch) const;
  std::uint64_t Worth(TaskId task, Epoch epoch) const;
  std::uint64_t TotalWorth(Epoch epoch) const;

 private:
  std::uint64_t Draw(Epoch epoch, TaskId task, std::uint64_t purpose) const {
    return Scatter(Scatter(Scatter(load_.seed + epoch) + task) + purpose);
  }
  bool HasLink(TaskId from, TaskId to, Epoch epoch) const;
  std::uint64_t ThanksOf(TaskId task, Epoch epoch) const;

  Workload load_;
};

// Whether a request made in this mode is answered, for certain.
inline bool IsAnswered(ChatterPlan::Mode mode) {
  return mode == ChatterPlan::Mode::kPlain ||
         mode == ChatterPlan::Mode::kKeyed || mode == ChatterPlan::Mode::kLater;
}

}  // namespace taskgraph::sim
