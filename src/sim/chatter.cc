// SPDX-License-Identifier: Apache-2.0
#include "sim/chatter.h"

#include <algorithm>
#include <utility>

namespace taskgraph::sim {
namespace {

using Mode = ChatterPlan::Mode;
using Number = std::uint64_t;

constexpr Method<Number, Number> kAsk{"Ask"};
constexpr Method<Number, Number> kAskLater{"AskLater"};
constexpr Method<Number, Number> kDecline{"Decline"};
constexpr Method<Number, Number> kNobodys{"Nobodys"};
constexpr Method<Number, Number> kWithdrawn{"Withdrawn"};
constexpr Method<Empty, Number> kReport{"Report"};
constexpr Method<Empty, Empty> kNudge{"Nudge"};

constexpr char kAllDone[] = "all done";

ErrorCode Expected(Mode mode) {
  switch (mode) {
    case Mode::kDeclined:
      return ErrorCode::kHandlerError;
    case Mode::kUnserved:
      return ErrorCode::kUnknownMethod;
    case Mode::kStranger:
      return ErrorCode::kNotNeighbor;
    default:
      return ErrorCode::kCancelled;
  }
}

}  // namespace

Chatter::Chatter(const ChatterPlan& plan, const Workload& workload,
                 const Accomplices& accomplices)
    : plan_(plan), load_(workload), accomplices_(accomplices) {
  Serve(kAsk, &Chatter::Give);
  Serve(kAskLater, &Chatter::GiveLater);
  Serve(kWithdrawn, &Chatter::GiveLater);
  Serve(kDecline, &Chatter::Refuse);
  Serve(kReport, [this](Turn& turn, Token<Number> token, const Empty&) {
    Report(turn, token);
  });
  Serve(kNudge, [](Turn& turn, Token<Empty> token, const Empty&) {
    turn.Answer(token, Empty{});
  });
  const auto taken = [this](Turn& turn, TaskId from, const Number& answer) {
    Taken(turn, from, answer);
  };
  OnData(kAsk, taken);
  OnData(kAskLater, taken);
  const auto unexpected = [this](Turn& turn, TaskId from, const Number&) {
    accomplices_.complain("task " + std::to_string(turn.task()) +
                          " got an answer of task " + std::to_string(from) +
                          " to a request that must fail");
  };
  OnData(kDecline, unexpected);
  OnData(kNobodys, unexpected);
  OnData(kWithdrawn, [this](Turn& turn, TaskId, const Number&) {
    --withdrawn_due_;
    AskNext(turn);
    Check(turn);
  });
  OnData(kReport, [this](Turn& turn, TaskId, const Number& sum) {
    ChildReported(turn, sum);
  });
  OnData(kNudge, [this](Turn& turn, TaskId, const Empty&) { Nudged(turn); });
}

void Chatter::EnterEpoch(Turn& turn) {
  failing_.clear();
  withdrawn_.clear();
  withdrawn_due_ = 0;
  to_withdraw_.clear();
  later_.clear();
  reports_.clear();
  sum_ = 0;
  concluded_ = false;
  metas_due_ = plan_.MetasExpected(turn.task(), turn.epoch());
  const TaskList& children = turn.Neighbors("down");
  children_due_ = children.size();
  for (TaskId child : children) turn.Request(child, kReport, Empty());
  std::vector<std::string> metas = plan_.Metas(turn.task(), turn.epoch());
  // Another incarnation says the same in another order (R11).
  if (!metas.empty()) {
    std::rotate(metas.begin(),
                metas.begin() + turn.incarnation() % metas.size(), metas.end());
  }
  for (std::string& meta : metas) turn.FlagMeta("talk", std::move(meta));
  asks_ = plan_.Asks(turn.task(), turn.epoch());
  asked_ = 0;
  answers_due_ = std::count_if(
      asks_.begin(), asks_.end(),
      [](const ChatterPlan::Ask& ask) { return IsAnswered(ask.mode); });
  AskNext(turn);
  AskNext(turn);
  Check(turn);
}

void Chatter::AskNext(Turn& turn) {
  if (asked_ == asks_.size()) return;
  const ChatterPlan::Ask& ask = asks_[asked_];
  const Number input = asked_++;
  switch (ask.mode) {
    case Mode::kPlain:
      turn.Request(ask.to, kAsk, input);
      break;
    case Mode::kKeyed:
      turn.Request(ask.to, kAsk, input, "key " + std::to_string(input));
      break;
    case Mode::kLater:
      turn.Request(ask.to, kAskLater, input);
      break;
    case Mode::kDeclined:
      failing_[turn.Request(ask.to, kDecline, input)] = ask.mode;
      break;
    case Mode::kUnserved:
      failing_[turn.Request(ask.to, kNobodys, input)] = ask.mode;
      break;
    case Mode::kStranger:
      failing_[turn.Request(ask.to, kAsk, input)] = ask.mode;
      break;
    case Mode::kWithdrawn:
      const RequestNumber number = turn.Request(ask.to, kWithdrawn, input);
      withdrawn_.insert(number);
      ++withdrawn_due_;
      if (input % 2 == 0) {
        turn.Cancel(number);
      } else {
        to_withdraw_.push_back(number);
      }
      break;
  }
}

// --- What others ask ---

void Chatter::Give(Turn& turn, Token<Number> token, const Number& input) {
  Withdraw(turn);
  turn.Answer(token, plan_.AnswerWorth(turn.task(), turn.epoch(), input));
  Check(turn);
}

// The nudge to itself is answered in another turn, so this is, too.
void Chatter::GiveLater(Turn& turn, Token<Number> token, const Number& input) {
  later_.emplace_back(token,
                      plan_.AnswerWorth(turn.task(), turn.epoch(), input));
  turn.Request(turn.task(), kNudge, Empty());
  Check(turn);
}

void Chatter::Refuse(Turn& turn, Token<Number> token, const Number&) {
  turn.Decline(token, "I would rather not");
  Check(turn);
}

void Chatter::Report(Turn& turn, Token<Number> token) {
  if (concluded_) {
    turn.Answer(token, sum_);
  } else {
    reports_.push_back(token);
  }
  Check(turn);
}

// --- What comes back ---

void Chatter::Taken(Turn& turn, TaskId, Number answer) {
  Withdraw(turn);
  --answers_due_;
  sum_ += answer;
  turn.FlagMeta("talk", ChatterPlan::kThanks);
  AskNext(turn);
  Check(turn);
}

void Chatter::Nudged(Turn& turn) {
  if (!later_.empty()) {
    turn.Answer(later_.front().first, later_.front().second);
    later_.erase(later_.begin());
  }
  Check(turn);
}

void Chatter::ChildReported(Turn& turn, Number sum) {
  Withdraw(turn);
  --children_due_;
  sum_ += sum;
  Check(turn);
}

void Chatter::MetaReady(Turn& turn, TaskId from, const LinkType& link,
                        const std::string& meta) {
  Withdraw(turn);
  if (link == "down") {
    if (meta == kAllDone) turn.AdvanceEpoch();  // R6: all of them ask.
  } else if (metas_due_ == 0) {
    accomplices_.complain("task " + std::to_string(turn.task()) +
                          " hears one meta too many");
  } else {
    --metas_due_;
    sum_ += plan_.MetaWorth(from, turn.epoch(), meta);
  }
  Check(turn);
}

void Chatter::RequestFailed(Turn& turn, const FailedRequest& failed) {
  const auto failing = failing_.extract(failed.number);
  const bool withdrawn = withdrawn_.contains(failed.number);
  if (withdrawn) --withdrawn_due_;
  const bool right =
      (failing && failed.error.code == Expected(failing.mapped())) ||
      (withdrawn && failed.error.code == ErrorCode::kCancelled);
  if (!right) {
    accomplices_.complain("task " + std::to_string(turn.task()) + ": " +
                          failed.method + " failed: " + failed.error.message);
  }
  AskNext(turn);
  Check(turn);
}

// --- The end of each callback ---

void Chatter::Withdraw(Turn& turn) {
  for (RequestNumber number : std::exchange(to_withdraw_, {})) {
    turn.Cancel(number);
  }
}

void Chatter::Check(Turn& turn) {
  if (!concluded_ && asked_ == asks_.size() && failing_.empty() &&
      withdrawn_due_ == 0 && answers_due_ == 0 && children_due_ == 0 &&
      metas_due_ == 0) {
    Conclude(turn);
  }
  accomplices_.mischief(turn);
}

void Chatter::Conclude(Turn& turn) {
  concluded_ = true;
  for (const Token<Number>& token : reports_) turn.Answer(token, sum_);
  reports_.clear();
  if (turn.task() != 0) return;
  if (sum_ != plan_.TotalWorth(turn.epoch())) {
    accomplices_.complain("the sum of epoch " + std::to_string(turn.epoch()) +
                          " is wrong");
  }
  if (turn.epoch() + 1 == load_.epochs) {
    turn.FinishJob(ExpectedEnd(load_));
    return;
  }
  turn.FlagMeta("down", kAllDone);
  turn.AdvanceEpoch();
}

}  // namespace taskgraph::sim
