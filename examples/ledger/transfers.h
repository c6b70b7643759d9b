// SPDX-License-Identifier: Apache-2.0
//
// What is to be transferred, by arithmetic alone: so that anybody can say
// beforehand what every account must hold in the end.
#pragma once

#include <cstdint>
#include <vector>

#include "taskgraph/types.h"

namespace ledger {

using taskgraph::Epoch;
using taskgraph::TaskId;

using Money = std::int64_t;
using Balances = std::vector<Money>;  // By account.

inline constexpr std::uint32_t kAccounts = 8;   // Of each branch.
inline constexpr std::uint32_t kTransfers = 4;  // Each branch's in each epoch.
inline constexpr Money kOpening = 1000;         // In each account.

struct Transfer {
  std::uint32_t from_account = 0;  // At the branch that makes it.
  TaskId to = 0;                   // Another branch, a neighbor of it.
  std::uint32_t to_account = 0;
  Money amount = 0;
};

// Branches stand in a circle; each knows so many to either side.
inline constexpr TaskId kReach = 2;
std::vector<TaskId> Acquaintances(TaskId branch, TaskId branches);

// What `branch` transfers in `epoch`.
std::vector<Transfer> TransfersOf(std::uint64_t seed, TaskId branch,
                                  TaskId branches, Epoch epoch);

// The balances of a branch as one number, to compare.
std::uint64_t DigestOf(TaskId branch, const Balances& balances);

// The sum of all branches' digests after so many epochs, if every transfer
// happens once.
std::uint64_t ExpectedDigest(std::uint64_t seed, TaskId branches, Epoch epochs);

}  // namespace ledger
