// SPDX-License-Identifier: Apache-2.0
//
// The coordinator's words as etcd's messages, and back.
#pragma once

#include <string>

#include "coordination/etcd/grpc_headers.h"
#include "coordination/types.h"

namespace taskgraph::coordination {

namespace pb = ::etcdserverpb;

KeyValue FromWire(const pb::KeyValue& wire);
void ToWire(const KeyValue& key, pb::KeyValue& wire);

Change FromWire(const pb::Event& wire);
void ToWire(const Change& change, pb::Event& wire);

// What a client asks.
pb::TxnRequest ToWire(const Txn& txn);
pb::RangeRequest ToWire(const Read& read);
TxnReply FromWire(const pb::TxnResponse& wire);

KeyRange RangeFromWire(const std::string& key, const std::string& range_end);

}  // namespace taskgraph::coordination
