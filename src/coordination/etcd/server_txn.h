// SPDX-License-Identifier: Apache-2.0
//
// A transaction as a server reads it from the wire, and answers it: what the
// store's own words lack (sorting, filters, previous values) is added here.
#pragma once

#include "coordination/etcd/convert.h"
#include "coordination/shared_store.h"

namespace taskgraph::coordination {

// A status that is not OK says what of the request is not supported.
grpc::Status FromWire(const pb::TxnRequest& wire, Txn& txn);
grpc::Status FromWire(const pb::PutRequest& wire, Put& put);
Delete FromWire(const pb::DeleteRangeRequest& wire);
Read FromWire(const pb::RangeRequest& wire);

// Whether some operation asks for what it replaces.
Previous WantsPrevious(const pb::TxnRequest& wire);

// Fill answers to `request`, without headers.
void Answer(const pb::RangeRequest& request, const ReadReply& reply,
            pb::RangeResponse& response);
void Answer(const pb::TxnRequest& request, const Applied& applied,
            pb::TxnResponse& response);

}  // namespace taskgraph::coordination
