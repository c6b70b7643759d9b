// SPDX-License-Identifier: Apache-2.0
#include "ledger/transfers.h"

#include <algorithm>
#include <random>

namespace ledger {
namespace {

constexpr Money kAmountMax = 100;

}  // namespace

std::vector<TaskId> Acquaintances(TaskId branch, TaskId branches) {
  std::vector<TaskId> others;
  for (TaskId step = 1; step <= kReach; ++step) {
    for (TaskId other : {(branch + step) % branches,
                         (branch + branches - step % branches) % branches}) {
      const bool known =
          std::find(others.begin(), others.end(), other) != others.end();
      if (other != branch && !known) others.push_back(other);
    }
  }
  return others;
}

std::vector<Transfer> TransfersOf(std::uint64_t seed, TaskId branch,
                                  TaskId branches, Epoch epoch) {
  std::vector<Transfer> transfers;
  const std::vector<TaskId> others = Acquaintances(branch, branches);
  if (others.empty()) return transfers;
  std::seed_seq mixed{seed, std::uint64_t{branch}, epoch};
  std::mt19937_64 random(mixed);
  for (std::uint32_t i = 0; i < kTransfers; ++i) {
    Transfer transfer;
    transfer.from_account = static_cast<std::uint32_t>(random() % kAccounts);
    transfer.to = others[random() % others.size()];
    transfer.to_account = static_cast<std::uint32_t>(random() % kAccounts);
    transfer.amount = static_cast<Money>(1 + random() % kAmountMax);
    transfers.push_back(transfer);
  }
  return transfers;
}

// The bytes of it all, mixed by FNV-1a (Fowler, Noll, Vo).
std::uint64_t DigestOf(TaskId branch, const Balances& balances) {
  constexpr std::uint64_t kBasis = 14695981039346656037ULL;
  constexpr std::uint64_t kPrime = 1099511628211ULL;
  constexpr int kBytes = 8;
  std::uint64_t digest = kBasis;
  const auto mix = [&](std::uint64_t value) {
    for (int byte = 0; byte < kBytes; ++byte, value >>= 8) {
      digest = (digest ^ (value & 0xff)) * kPrime;
    }
  };
  mix(branch);
  for (Money balance : balances) mix(static_cast<std::uint64_t>(balance));
  return digest;
}

std::uint64_t ExpectedDigest(std::uint64_t seed, TaskId branches,
                             Epoch epochs) {
  std::vector<Balances> all(branches, Balances(kAccounts, kOpening));
  for (Epoch epoch = 0; epoch < epochs; ++epoch) {
    for (TaskId branch = 0; branch < branches; ++branch) {
      for (const Transfer& one : TransfersOf(seed, branch, branches, epoch)) {
        all[branch][one.from_account] -= one.amount;
        all[one.to][one.to_account] += one.amount;
      }
    }
  }
  std::uint64_t sum = 0;
  for (TaskId branch = 0; branch < branches; ++branch) {
    sum += DigestOf(branch, all[branch]);
  }
  return sum;
}

}  // namespace ledger
