// SPDX-License-Identifier: Apache-2.0
#include "ledger/bank.h"

#include <charconv>
#include <memory>
#include <stdexcept>

namespace ledger {
namespace {

constexpr char kNeighbors[] = "neighbors";
constexpr char kAuditor[] = "auditor";
constexpr char kBranches[] = "branches";
constexpr char kSettled[] = "settled";

std::uint64_t NumberOf(const taskgraph::Config& config, const char* key) {
  const std::string& text = config.at(key);
  std::uint64_t number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw std::invalid_argument(std::string(key) + " is a number, not '" +
                                text + "'");
  }
  return number;
}

Money TotalOf(const Balances& balances) {
  Money total = 0;
  for (Money balance : balances) total += balance;
  return total;
}

}  // namespace

Branch::Branch(TaskId branch, const taskgraph::Config& config)
    : branch_(branch),
      seed_(NumberOf(config, "seed")),
      epochs_(NumberOf(config, "epochs")),
      balances_(kAccounts, kOpening) {
  Serve(kCredit, &Branch::TakeCredit);
  Serve(kBalance, &Branch::GiveBalance);
  OnData(kCredit, &Branch::TransferDone);
  OnData(kBalance, &Branch::StatementArrived);
}

void Branch::Init(Turn& turn) {
  if (turn.incarnation() > 1) {  // The primary and all backups died at once.
    turn.FinishJob({1, "the book of branch " + std::to_string(turn.task()) +
                           " is lost: all of its replicas were"});
  }
}

void Branch::EnterEpoch(Turn& turn) {
  turn.Update(Entry{What::kBegin, static_cast<std::int64_t>(turn.epoch()),
                    std::int64_t{turn.tasks()}});
  const auto transfers =
      TransfersOf(seed_, branch_, turn.tasks(), turn.epoch());
  for (const Transfer& one : transfers) {
    turn.Request(one.to, kCredit, {one.to_account, one.amount});
  }
  if (transfers.empty()) turn.FlagMeta(kAuditor, kSettled);
}

void Branch::TakeCredit(Turn& turn, Token<Empty> token, const Credit& credit) {
  turn.Update(Entry{What::kCredited, credit.account, credit.amount});
  turn.Answer(token, {});
}

void Branch::TransferDone(Turn& turn, TaskId, const Empty&) {
  turn.Update(Entry{What::kAnswered});
  if (unanswered_ == 1) turn.FlagMeta(kAuditor, kSettled);
}

// Only the auditor hears metas.
void Branch::MetaReady(Turn& turn, TaskId, const taskgraph::LinkType&,
                       const std::string&) {
  turn.Update(Entry{What::kSettled});
  if (settled_ + 1 < std::int64_t{turn.tasks()}) return;
  for (TaskId branch : turn.Neighbors(kBranches)) {
    turn.Request(branch, kBalance, Empty());
  }
}

void Branch::GiveBalance(Turn& turn, Token<Statement> token, const Empty&) {
  turn.Answer(token, {TotalOf(balances_), DigestOf(branch_, balances_)});
}

void Branch::StatementArrived(Turn& turn, TaskId, const Statement& statement) {
  turn.Update(Entry{What::kStatement, statement.total,
                    static_cast<std::int64_t>(statement.digest)});
  if (statements_ + 1 == std::int64_t{turn.tasks()}) {
    Audit(turn, {sum_.total + statement.total, sum_.digest + statement.digest});
  }
}

void Branch::Audit(Turn& turn, const Statement& sum) const {
  const Epoch done = turn.epoch() + 1;
  const Money total = Money{turn.tasks()} * kAccounts * kOpening;
  if (sum.total != total) {
    turn.FinishJob({1, "in epoch " + std::to_string(turn.epoch()) +
                           " the accounts hold " + std::to_string(sum.total) +
                           ", not " + std::to_string(total)});
  } else if (done < epochs_) {
    turn.AdvanceEpoch();
  } else if (sum.digest != ExpectedDigest(seed_, turn.tasks(), epochs_)) {
    turn.FinishJob({1, "the total is right, but not what each account holds"});
  } else {
    turn.FinishJob({0, "all " +
                           std::to_string(done * turn.tasks() * kTransfers) +
                           " transfers happened once; the accounts hold " +
                           std::to_string(total) + ", each what it must"});
  }
}

void Branch::Update(const taskgraph::Payload& log) {
  const Entry entry = taskgraph::Codec<Entry>::Decode(log).value();
  switch (entry.what) {
    case What::kBegin: {
      unanswered_ = settled_ = statements_ = 0;
      sum_ = {};
      const auto epoch = static_cast<Epoch>(entry.a);
      const auto branches = static_cast<TaskId>(entry.b);
      for (const Transfer& one : TransfersOf(seed_, branch_, branches, epoch)) {
        balances_[one.from_account] -= one.amount;
        ++unanswered_;
      }
      break;
    }
    case What::kCredited:
      balances_.at(static_cast<std::size_t>(entry.a)) += entry.b;
      break;
    case What::kAnswered:
      --unanswered_;
      break;
    case What::kSettled:
      ++settled_;
      break;
    case What::kStatement:
      ++statements_;
      sum_.total += entry.a;
      sum_.digest += static_cast<std::uint64_t>(entry.b);
      break;
  }
}

taskgraph::Payload Branch::Snapshot() {
  std::vector<std::int64_t> all = balances_;
  all.insert(all.end(), {unanswered_, settled_, statements_, sum_.total,
                         static_cast<std::int64_t>(sum_.digest)});
  return taskgraph::Payload::Own(std::move(all));
}

void Branch::Restore(const taskgraph::Payload& snapshot) {
  const auto all =
      taskgraph::Codec<std::vector<std::int64_t>>::Decode(snapshot).value();
  balances_.assign(all.begin(), all.begin() + kAccounts);
  unanswered_ = all.at(kAccounts);
  settled_ = all.at(kAccounts + 1);
  statements_ = all.at(kAccounts + 2);
  sum_.total = all.at(kAccounts + 3);
  sum_.digest = static_cast<std::uint64_t>(all.at(kAccounts + 4));
}

taskgraph::Job BankJob(TaskId branches) {
  taskgraph::Job job("ledger", branches);
  job.Link(kNeighbors, taskgraph::Topology([branches](TaskId task, Epoch) {
             return Acquaintances(task, branches);
           }));
  job.Link(kAuditor, taskgraph::Topology(
                         [](TaskId, Epoch) { return taskgraph::TaskList{0}; }));
  job.Link(kBranches, taskgraph::Topology([branches](TaskId task, Epoch) {
             taskgraph::TaskList all;
             for (TaskId one = 0; task == 0 && one < branches; ++one) {
               all.push_back(one);
             }
             return all;
           }));
  job.Config("epochs", "100", "how many rounds of transfers");
  job.Config("seed", "1", "of the transfers");
  job.Build([](TaskId branch, const taskgraph::Config& config) {
    return std::make_unique<Branch>(branch, config);
  });
  job.Backups(1);
  return job;
}

}  // namespace ledger
