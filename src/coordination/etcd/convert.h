// SPDX-License-Identifier: Apache-2.0
//
// The coordinator's words as etcd's messages, and back.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "coordination/etcd/grpc_headers.h"
#include "coordination/types.h"

namespace taskgraph::coordination {

namespace pb = ::etcdserverpb;

// A number that each revision is below, and each has a next one: nobody's etcd
// has come so far.
inline constexpr Revision kRevisionsEnd = Revision{1} << 62;

// What an answer says, within what can be reckoned with.
Revision RevisionFromWire(std::int64_t wire);
std::chrono::seconds TimeToLiveFromWire(std::int64_t wire);

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
