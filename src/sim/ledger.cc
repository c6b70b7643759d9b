// SPDX-License-Identifier: Apache-2.0
#include "sim/ledger.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace taskgraph::sim {
namespace {

std::string Who(const core::TurnContext& context) {
  return "task " + std::to_string(context.task) + " (incarnation " +
         std::to_string(context.incarnation) + ", epoch " +
         std::to_string(context.epoch) + ")";
}

std::string Show(const core::HearMeta& meta) {
  return "meta " + std::to_string(meta.number) + " \"" + meta.text +
         "\" of task " + std::to_string(meta.from) + " (incarnation " +
         std::to_string(meta.incarnation) + ")";
}

std::string Show(const RequestId& id) {
  return "request " + std::to_string(id.number) + " of task " +
         std::to_string(id.task) + " (incarnation " +
         std::to_string(id.incarnation) + ", epoch " +
         std::to_string(id.epoch) + ")";
}

}  // namespace

Ledger::Ledger(const Job& job, Verdict& verdict)
    : verdict_(verdict), links_(job.links(), job.tasks()) {}

Ledger::Question Ledger::QuestionOf(const RequestId& id,
                                    const core::MakeRequest& made) const {
  return {id.task, id.epoch, made.method, made.key};
}

// --- What took effect ---

void Ledger::Commits(const core::TurnContext& context,
                     const std::vector<core::Effect>& effects) {
  for (const core::Effect& effect : effects) {
    std::visit([&](const auto& one) { Commit(context, one); }, effect);
  }
}

void Ledger::Commit(const core::TurnContext& context,
                    const core::FlagMeta& flag) {
  const Life life = LifeOf(context);
  const std::uint64_t occurrence =
      ++occurrences_[{life, {flag.link, flag.text}}];
  for (TaskId to : context.neighbors->at(flag.link)) {
    sent_[{life, to}].push_back({flag.link, flag.text, occurrence});
  }
}

void Ledger::Commit(const core::TurnContext& context,
                    const core::MakeRequest& made) {
  requests_[{LifeOf(context), made.number}] = Request{made};
}

void Ledger::Commit(const core::TurnContext& context,
                    const core::CancelRequest& cancel) {
  const auto found = requests_.find({LifeOf(context), cancel.number});
  if (found != requests_.end()) found->second.cancelled = true;
}

void Ledger::Commit(const core::TurnContext& context,
                    const core::GiveAnswer& answer) {
  const Answer given{context.task, answer.error, answer.output};
  const RequestId& id = answer.id;
  answers_[id].push_back(given);
  const auto request =
      requests_.find({Life{id.task, id.incarnation, id.epoch}, id.number});
  if (request != requests_.end() && !request->second.made.key.empty()) {
    answers_by_key_[QuestionOf(id, request->second.made)].push_back(given);
  }
}

// --- What turns are given ---

void Ledger::Begins(const core::TurnContext& context,
                    const core::Cause& cause) {
  std::visit([&](const auto& one) { Begin(context, one); }, cause);
}

void Ledger::Begin(const core::TurnContext& context,
                   const core::HearMeta& meta) {
  const Life sender{meta.from, meta.incarnation, context.epoch};
  const auto found = sent_.find({sender, context.task});
  if (found == sent_.end() || meta.number == 0 ||
      meta.number > found->second.size()) {  // R8, R10, R15
    return verdict_.Violate("R10", Who(context) + " hears " + Show(meta) +
                                       ", which was not flagged to it in "
                                       "this epoch");
  }
  const SentMeta& sent = found->second[meta.number - 1];
  if (sent.link != meta.link || sent.text != meta.text) {
    return verdict_.Violate("R10", Who(context) + " hears " + Show(meta) +
                                       ", but \"" + sent.text +
                                       "\" was flagged");
  }
  HeardFrom& heard = heard_[{LifeOf(context), meta.from}];
  if (meta.incarnation != heard.incarnation) {
    if (meta.incarnation < heard.incarnation) {
      verdict_.Violate("R2", Who(context) + " hears " + Show(meta) +
                                 " after a later incarnation");
    }
    heard.incarnation = meta.incarnation;
    heard.number = 0;
  }
  CheckGap(context, meta, heard);
}

void Ledger::CheckGap(const core::TurnContext& context,
                      const core::HearMeta& meta, HeardFrom& heard) {
  if (meta.number <= heard.number) {
    return verdict_.Violate("R10",
                            Who(context) + " hears " + Show(meta) + " again");
  }
  const Life sender{meta.from, meta.incarnation, context.epoch};
  const std::vector<SentMeta>& sent = sent_.at({sender, context.task});
  for (; heard.number < meta.number; ++heard.number) {
    const SentMeta& one = sent[heard.number];
    std::uint64_t& count = heard.count[{one.link, one.text}];
    const bool known = count >= one.occurrence;
    const bool is_this = heard.number + 1 == meta.number;
    if (is_this && known) {
      return verdict_.Violate("R11", Who(context) + " hears " + Show(meta) +
                                         ", as it did an earlier "
                                         "incarnation's");
    }
    if (!is_this && !known) {
      return verdict_.Violate("R10", Who(context) + " hears " + Show(meta) +
                                         " before \"" + one.text + "\"");
    }
    count = std::max(count, one.occurrence);
  }
}

void Ledger::Begin(const core::TurnContext& context,
                   const core::ServeRequest& request) {
  const RequestId& id = request.id;
  const auto made =
      requests_.find({Life{id.task, id.incarnation, id.epoch}, id.number});
  if (id.epoch != context.epoch) {
    return verdict_.Violate("R8", Who(context) + " serves " + Show(id));
  }
  if (made == requests_.end() || made->second.made.to != context.task ||
      made->second.made.method != request.method ||
      made->second.made.input != request.input) {
    return verdict_.Violate("R15", Who(context) + " serves " + Show(id) +
                                       ", which was not made like this");
  }
  if (!links_.HasLink(id.task, context.task, context.epoch)) {
    return verdict_.Violate("R13", Who(context) + " serves " + Show(id) +
                                       ", which has no link to it");
  }
  const Life server = LifeOf(context);
  bool first = served_.insert({server, id}).second;
  if (!made->second.made.key.empty()) {
    const Question question = QuestionOf(id, made->second.made);
    first = served_keys_.insert({server, question}).second && first;
  }
  if (!first) {
    verdict_.Violate("R14", Who(context) + " serves " + Show(id) + " again");
  }
}

// R12: notes that the request is answered, one way or the other.
Ledger::Request* Ledger::Settle(const core::TurnContext& context,
                                RequestNumber number) {
  const auto found = requests_.find({LifeOf(context), number});
  if (found == requests_.end()) {
    verdict_.Violate("R12", Who(context) + " hears of request " +
                                std::to_string(number) +
                                ", which it did not make in this epoch");
    return nullptr;
  }
  if (std::exchange(found->second.settled, true)) {
    verdict_.Violate("R12", Who(context) + " hears of request " +
                                std::to_string(number) + " twice");
  }
  return &found->second;
}

void Ledger::Begin(const core::TurnContext& context,
                   const core::TakeData& data) {
  const Request* request = Settle(context, data.number);
  if (request == nullptr) return;
  const RequestId id{context.task, context.incarnation, context.epoch,
                     data.number};
  std::vector<Answer> given = answers_[id];
  if (!request->made.key.empty()) {
    const auto& more = answers_by_key_[QuestionOf(id, request->made)];
    given.insert(given.end(), more.begin(), more.end());
  }
  const bool told =
      std::any_of(given.begin(), given.end(), [&](const Answer& answer) {
        return answer.server == data.from && !answer.error &&
               answer.output == data.output;
      });
  if (!told || data.from != request->made.to) {
    verdict_.Violate("R14", Who(context) + " takes an answer to request " +
                                std::to_string(data.number) +
                                " that nobody gave");
  }
}

void Ledger::Begin(const core::TurnContext& context,
                   const core::HearFailure& failure) {
  const FailedRequest& failed = failure.failed;
  const Request* request = Settle(context, failed.number);
  if (request == nullptr) return;
  const bool linked =
      links_.HasLink(context.task, request->made.to, context.epoch);
  bool right = false;
  switch (failed.error.code) {
    case ErrorCode::kCancelled:
      right = request->cancelled;
      break;
    case ErrorCode::kNotNeighbor:
      right = !linked;
      break;
    case ErrorCode::kUnknownMethod:
    case ErrorCode::kHandlerError:
      right = linked;
      break;
    default:
      break;  // R13: what is unavailable or moved is tried again.
  }
  if (!right) {
    verdict_.Violate("R13", Who(context) + " hears that request " +
                                std::to_string(failed.number) + " failed: " +
                                std::string(Name(failed.error.code)));
  }
}

}  // namespace taskgraph::sim
