// SPDX-License-Identifier: Apache-2.0
//
// Bank: branches that send each other money, none of which may be lost or
// doubled, whatever dies on the way.
//
// Intuition: each branch keeps a book, and a backup on another node keeps a
// copy. A transfer is a data request: the branch that makes it debits its
// account in the turn that asks, the other credits its own in the turn that
// answers; each of these turns takes effect once, also when a backup takes over
// in between (R14-R17). When all branches have their answers, the auditor, who
// is branch 0, asks for the balances, compares the sum, and only then moves on
// to the next epoch (R9).
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>

#include "ledger/transfers.h"
#include "taskgraph/taskgraph.h"

namespace ledger {

using taskgraph::Empty;
using taskgraph::Method;
using taskgraph::Token;
using taskgraph::Turn;

struct Credit {
  std::int64_t account = 0;
  Money amount = 0;
};

struct Statement {
  Money total = 0;
  std::uint64_t digest = 0;
};

inline constexpr Method<Credit, Empty> kCredit{"Credit"};
inline constexpr Method<Empty, Statement> kBalance{"Balance"};

// What happened to a book, and two numbers more.
enum class What : std::int64_t {
  kBegin,      // An epoch, with its debits: its number, how many branches.
  kCredited,   // The account, the amount.
  kAnswered,   // One of its own transfers.
  kSettled,    // All of a branch's transfers; for the auditor.
  kStatement,  // Of a branch: total and digest; for the auditor.
};
struct Entry {
  What what = What::kBegin;
  std::int64_t a = 0;
  std::int64_t b = 0;
};

class Branch : public taskgraph::Task, public taskgraph::Backupable {
 public:
  Branch(TaskId branch, const taskgraph::Config& config);

  void Init(Turn& turn) override;
  void EnterEpoch(Turn& turn) override;
  void MetaReady(Turn& turn, TaskId from, const taskgraph::LinkType& link,
                 const std::string& meta) override;

  void Update(const taskgraph::Payload& log) override;
  taskgraph::Payload Snapshot() override;
  void Restore(const taskgraph::Payload& snapshot) override;

 private:
  void TakeCredit(Turn& turn, Token<Empty> token, const Credit& credit);
  void TransferDone(Turn& turn, TaskId from, const Empty&);
  void GiveBalance(Turn& turn, Token<Statement> token, const Empty&);
  void StatementArrived(Turn& turn, TaskId from, const Statement& statement);
  void Audit(Turn& turn, const Statement& sum) const;

  const TaskId branch_;
  const std::uint64_t seed_;
  const Epoch epochs_;

  // The book.
  Balances balances_;
  std::int64_t unanswered_ = 0;  // Of this epoch's transfers.
  // The auditor's.
  std::int64_t settled_ = 0;
  std::int64_t statements_ = 0;
  Statement sum_;
};

// The links and the configuration that a Branch expects, with one backup for
// each.
taskgraph::Job BankJob(TaskId branches = 8);

}  // namespace ledger

// All of these are numbers side by side.
template <typename T>
requires std::is_same_v<T, ledger::Credit> ||
    std::is_same_v<T, ledger::Statement> || std::is_same_v<T, ledger::Entry>
struct taskgraph::Codec<T> {
  // With gaps in between, whatever lies there would travel, too.
  static_assert(std::has_unique_object_representations_v<T>);

  static taskgraph::Payload Encode(const T& value) {
    return taskgraph::Payload::Copy(&value, sizeof value);
  }
  static std::optional<T> Decode(const taskgraph::Payload& bytes) {
    if (bytes.size() != sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
};
