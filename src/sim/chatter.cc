// SPDX-License-Identifier: Apache-2.0
#include "sim/chatter.h"

#include <algorithm>
#include <array>
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

void ChatterState::Write(core::FieldWriter& out) const {
  out.Numbers(withdrawn_due, asked, answers_due, children_due, metas_due, sum,
              failing.size(), withdrawn.size(), to_withdraw.size(),
              later.size(), reports.size());
  for (const auto& [number, mode] : failing) {
    out.Number(number);
    out.Byte(static_cast<std::uint8_t>(mode));
  }
  for (RequestNumber number : withdrawn) out.Number(number);
  for (RequestNumber number : to_withdraw) out.Number(number);
  for (const auto& [token, answer] : later) {
    out.Id(token.id());
    out.Number(answer);
  }
  for (const Token<Number>& token : reports) out.Id(token.id());
  out.Bool(concluded);
}

void ChatterState::Read(core::FieldReader& in) {
  for (std::uint64_t* number : {&withdrawn_due, &asked, &answers_due,
                                &children_due, &metas_due, &sum}) {
    *number = in.Number();
  }
  std::array<std::uint64_t, 5> counts{};
  for (std::uint64_t& count : counts) count = in.Number();
  for (; counts[0] > 0 && in.good(); --counts[0]) {
    const RequestNumber number = in.Number();
    failing[number] = static_cast<Mode>(in.Byte());
  }
  for (; counts[1] > 0 && in.good(); --counts[1]) withdrawn.insert(in.Number());
  for (; counts[2] > 0 && in.good(); --counts[2]) {
    to_withdraw.push_back(in.Number());
  }
  for (; counts[3] > 0 && in.good(); --counts[3]) {
    const Token<Number> token(in.Id());
    later.emplace_back(token, in.Number());
  }
  for (; counts[4] > 0 && in.good(); --counts[4]) {
    reports.emplace_back(in.Id());
  }
  concluded = in.Bool();
}

Chatter::Chatter(const ChatterPlan& plan, const Workload& workload,
                 const Accomplices& accomplices)
    : Copied(accomplices), plan_(plan), load_(workload) {
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
    --now_.withdrawn_due;
    AskNext(turn);
    Check(turn);
  });
  OnData(kReport, [this](Turn& turn, TaskId, const Number& sum) {
    ChildReported(turn, sum);
  });
  OnData(kNudge, [this](Turn& turn, TaskId, const Empty&) { Nudged(turn); });
}

void Chatter::EnterEpoch(Turn& turn) {
  now_ = {};
  now_.metas_due = plan_.MetasExpected(turn.task(), turn.epoch());
  const TaskList& children = turn.Neighbors("down");
  now_.children_due = children.size();
  for (TaskId child : children) turn.Request(child, kReport, Empty());
  std::vector<std::string> metas = plan_.Metas(turn.task(), turn.epoch());
  // Another incarnation says the same in another order (R11).
  if (!metas.empty()) {
    std::rotate(metas.begin(),
                metas.begin() + turn.incarnation() % metas.size(), metas.end());
  }
  for (std::string& meta : metas) turn.FlagMeta("talk", std::move(meta));
  const auto asks = plan_.Asks(turn.task(), turn.epoch());
  now_.answers_due = std::count_if(
      asks.begin(), asks.end(),
      [](const ChatterPlan::Ask& ask) { return IsAnswered(ask.mode); });
  AskNext(turn);
  AskNext(turn);
  Check(turn);
}

void Chatter::AskNext(Turn& turn) {
  const auto asks = plan_.Asks(turn.task(), turn.epoch());
  if (now_.asked == asks.size()) return;
  const ChatterPlan::Ask& ask = asks[now_.asked];
  const Number input = now_.asked++;
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
      now_.failing[turn.Request(ask.to, kDecline, input)] = ask.mode;
      break;
    case Mode::kUnserved:
      now_.failing[turn.Request(ask.to, kNobodys, input)] = ask.mode;
      break;
    case Mode::kStranger:
      now_.failing[turn.Request(ask.to, kAsk, input)] = ask.mode;
      break;
    case Mode::kWithdrawn:
      const RequestNumber number = turn.Request(ask.to, kWithdrawn, input);
      now_.withdrawn.insert(number);
      ++now_.withdrawn_due;
      if (input % 2 == 0) {
        turn.Cancel(number);
      } else {
        now_.to_withdraw.push_back(number);
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
  now_.later.emplace_back(token,
                          plan_.AnswerWorth(turn.task(), turn.epoch(), input));
  turn.Request(turn.task(), kNudge, Empty());
  Check(turn);
}

void Chatter::Refuse(Turn& turn, Token<Number> token, const Number&) {
  turn.Decline(token, "I would rather not");
  Check(turn);
}

void Chatter::Report(Turn& turn, Token<Number> token) {
  if (now_.concluded) {
    turn.Answer(token, now_.sum);
  } else {
    now_.reports.push_back(token);
  }
  Check(turn);
}

// --- What comes back ---

void Chatter::Taken(Turn& turn, TaskId, Number answer) {
  Withdraw(turn);
  --now_.answers_due;
  now_.sum += answer;
  turn.FlagMeta("talk", ChatterPlan::kThanks);
  AskNext(turn);
  Check(turn);
}

void Chatter::Nudged(Turn& turn) {
  if (!now_.later.empty()) {
    turn.Answer(now_.later.front().first, now_.later.front().second);
    now_.later.erase(now_.later.begin());
  }
  Check(turn);
}

void Chatter::ChildReported(Turn& turn, Number sum) {
  Withdraw(turn);
  --now_.children_due;
  now_.sum += sum;
  Check(turn);
}

void Chatter::MetaReady(Turn& turn, TaskId from, const LinkType& link,
                        const std::string& meta) {
  Withdraw(turn);
  if (link == "down") {
    if (meta == kAllDone) turn.AdvanceEpoch();  // R6: all of them ask.
  } else if (now_.metas_due == 0) {
    accomplices_.complain("task " + std::to_string(turn.task()) +
                          " hears one meta too many");
  } else {
    --now_.metas_due;
    now_.sum += plan_.MetaWorth(from, turn.epoch(), meta);
  }
  Check(turn);
}

void Chatter::RequestFailed(Turn& turn, const FailedRequest& failed) {
  const auto failing = now_.failing.extract(failed.number);
  const bool withdrawn = now_.withdrawn.contains(failed.number);
  if (withdrawn) --now_.withdrawn_due;
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
  for (RequestNumber number : std::exchange(now_.to_withdraw, {})) {
    turn.Cancel(number);
  }
}

void Chatter::Check(Turn& turn) {
  if (!now_.concluded &&
      now_.asked == plan_.Asks(turn.task(), turn.epoch()).size() &&
      now_.failing.empty() && now_.withdrawn_due == 0 &&
      now_.answers_due == 0 && now_.children_due == 0 && now_.metas_due == 0) {
    Conclude(turn);
  }
  Save(turn);
}

void Chatter::Conclude(Turn& turn) {
  now_.concluded = true;
  for (const Token<Number>& token : now_.reports) turn.Answer(token, now_.sum);
  now_.reports.clear();
  if (turn.task() != 0) return;
  if (now_.sum != plan_.TotalWorth(turn.epoch())) {
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
