// SPDX-License-Identifier: Apache-2.0
//
// TxnRules: which transactions are refused whatever the store holds, as etcd
// does before it looks at its data.
#pragma once

#include <cstddef>
#include <optional>

#include "coordination/refusal.h"
#include "coordination/types.h"

namespace taskgraph::coordination {

struct TxnRules {
  std::size_t operations_max;
  std::size_t bytes_max;

  std::optional<Refusal> Check(const Txn& txn) const;
};

}  // namespace taskgraph::coordination
