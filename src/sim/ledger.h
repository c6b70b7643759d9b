// SPDX-License-Identifier: Apache-2.0
//
// Ledger: what committed turns sent, against what turns were given.
//
// Intuition: double-entry bookkeeping. Each meta and each request is entered
// when the turn that made it takes effect, and again when a turn hears of it;
// an entry on one side without the other, twice, or in another epoch, is a
// fraud.
//
// R8, R10, R11, R12, R13, R14. Not thread-safe; owned by Checker.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "core/links.h"
#include "core/vocabulary.h"
#include "sim/verdict.h"

namespace taskgraph::sim {

class Ledger {
 public:
  Ledger(const Job& job, Verdict& verdict);

  // The turn took effect, and its effects are of use still.
  void Commits(const core::TurnContext& context,
               const std::vector<core::Effect>& effects);

  // A turn begins with this cause.
  void Begins(const core::TurnContext& context, const core::Cause& cause);

 private:
  // One incarnation of a task in one epoch.
  using Life = std::tuple<TaskId, Incarnation, Epoch>;
  struct SentMeta {
    LinkType link;
    std::string text;
    std::uint64_t occurrence = 0;
  };
  struct HeardFrom {  // By one life, from one task.
    Incarnation incarnation = 0;
    std::uint64_t number = 0;
    std::map<std::pair<LinkType, std::string>, std::uint64_t> count;
  };
  struct Request {
    core::MakeRequest made;
    bool cancelled = false;
    bool settled = false;
  };
  struct Answer {
    TaskId server = 0;
    std::optional<Error> error;
    Payload output;
  };
  // Under which an answer is the same: the request, or the key (R14).
  using Question = std::tuple<TaskId, Epoch, std::string, std::string>;

  static Life LifeOf(const core::TurnContext& context) {
    return {context.task, context.incarnation, context.epoch};
  }
  Question QuestionOf(const RequestId& id, const core::MakeRequest& made) const;

  void Commit(const core::TurnContext& context, const core::FlagMeta& flag);
  void Commit(const core::TurnContext& context, const core::MakeRequest& made);
  void Commit(const core::TurnContext& context,
              const core::CancelRequest& cancel);
  void Commit(const core::TurnContext& context, const core::GiveAnswer& answer);

  void Begin(const core::TurnContext& context, const core::HearMeta& meta);
  void CheckGap(const core::TurnContext& context, const core::HearMeta& meta,
                HeardFrom& heard);
  void Begin(const core::TurnContext& context,
             const core::ServeRequest& request);
  void Begin(const core::TurnContext& context, const core::TakeData& data);
  void Begin(const core::TurnContext& context,
             const core::HearFailure& failure);
  template <typename Other>
  void Begin(const core::TurnContext&, const Other&) {}
  Request* Settle(const core::TurnContext& context, RequestNumber number);

  Verdict& verdict_;
  core::Links links_;
  std::map<std::pair<Life, TaskId>, std::vector<SentMeta>> sent_;
  std::map<std::pair<Life, std::pair<LinkType, std::string>>, std::uint64_t>
      occurrences_;
  std::map<std::pair<Life, TaskId>, HeardFrom> heard_;
  std::map<std::pair<Life, RequestNumber>, Request> requests_;
  std::set<std::pair<Life, RequestId>> served_;
  std::set<std::pair<Life, Question>> served_keys_;
  std::map<RequestId, std::vector<Answer>> answers_;
  std::map<Question, std::vector<Answer>> answers_by_key_;
};

}  // namespace taskgraph::sim
