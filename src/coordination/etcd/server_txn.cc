// SPDX-License-Identifier: Apache-2.0
#include "coordination/etcd/server_txn.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace taskgraph::coordination {
namespace {

using Wire = pb::RangeRequest;

grpc::Status Unsupported(const std::string& what) {
  return {grpc::StatusCode::UNIMPLEMENTED,
          "the embedded coordinator does not support " + what +
              "; use etcd if you need it"};
}

Compare::Relation FromWire(pb::Compare::CompareResult result) {
  switch (result) {
    case pb::Compare::GREATER:
      return Compare::Relation::kGreater;
    case pb::Compare::LESS:
      return Compare::Relation::kLess;
    case pb::Compare::NOT_EQUAL:
      return Compare::Relation::kNotEqual;
    default:
      return Compare::Relation::kEqual;
  }
}

grpc::Status FromWire(const pb::Compare& wire, Compare& compare) {
  if (!wire.range_end().empty()) return Unsupported("compares of ranges");
  compare.key = wire.key();
  compare.relation = FromWire(wire.result());
  switch (wire.target()) {
    case pb::Compare::VERSION:
      compare.target = Compare::Target::kVersion;
      compare.number = wire.version();
      break;
    case pb::Compare::CREATE:
      compare.target = Compare::Target::kCreateRevision;
      compare.number = wire.create_revision();
      break;
    case pb::Compare::MOD:
      compare.target = Compare::Target::kModRevision;
      compare.number = wire.mod_revision();
      break;
    case pb::Compare::VALUE:
      compare.target = Compare::Target::kValue;
      compare.value = wire.value();
      break;
    default:
      return Unsupported("compares of leases");
  }
  return grpc::Status::OK;
}

grpc::Status FromWire(const pb::RequestOp& wire, std::vector<Op>& branch) {
  switch (wire.request_case()) {
    case pb::RequestOp::kRequestRange:
      branch.push_back(coordination::FromWire(wire.request_range()));
      return grpc::Status::OK;
    case pb::RequestOp::kRequestDeleteRange:
      branch.push_back(coordination::FromWire(wire.request_delete_range()));
      return grpc::Status::OK;
    case pb::RequestOp::kRequestPut: {
      Put put;
      auto status = coordination::FromWire(wire.request_put(), put);
      branch.push_back(std::move(put));
      return status;
    }
    case pb::RequestOp::kRequestTxn:
      return Unsupported("nested transactions");
    case pb::RequestOp::REQUEST_NOT_SET:
      break;
  }
  // etcd's own answer to an operation without content.
  return {grpc::StatusCode::INVALID_ARGUMENT, "etcdserver: key not found"};
}

bool HasFilter(const Wire& wire) {
  return wire.min_mod_revision() > 0 || wire.max_mod_revision() > 0 ||
         wire.min_create_revision() > 0 || wire.max_create_revision() > 0;
}

// Keys come sorted by themselves; as in etcd another target sorts even when no
// order is named.
bool IsSorted(const Wire& wire) {
  return wire.sort_order() != Wire::NONE || wire.sort_target() != Wire::KEY;
}

bool Passes(const Wire& wire, const KeyValue& found) {
  const auto within = [](Revision value, Revision min, Revision max) {
    return (min <= 0 || value >= min) && (max <= 0 || value <= max);
  };
  return within(found.mod_revision, wire.min_mod_revision(),
                wire.max_mod_revision()) &&
         within(found.create_revision, wire.min_create_revision(),
                wire.max_create_revision());
}

bool Before(Wire::SortTarget target, const KeyValue& a, const KeyValue& b) {
  switch (target) {
    case Wire::VERSION:
      return a.version < b.version;
    case Wire::CREATE:
      return a.create_revision < b.create_revision;
    case Wire::MOD:
      return a.mod_revision < b.mod_revision;
    case Wire::VALUE:
      return a.value < b.value;
    default:
      return a.key < b.key;
  }
}

void Sort(const Wire& wire, std::vector<KeyValue>& keys) {
  const bool descending = wire.sort_order() == Wire::DESCEND;
  std::stable_sort(keys.begin(), keys.end(),
                   [&](const KeyValue& a, const KeyValue& b) {
                     return descending ? Before(wire.sort_target(), b, a)
                                       : Before(wire.sort_target(), a, b);
                   });
}

void AnswerOp(const pb::RequestOp& request, const OpReply& reply,
              const std::vector<KeyValue>& previous, pb::ResponseOp& response) {
  if (request.has_request_range()) {
    Answer(request.request_range(), std::get<ReadReply>(reply),
           *response.mutable_response_range());
  } else if (request.has_request_put()) {
    pb::PutResponse& put = *response.mutable_response_put();
    if (request.request_put().prev_kv() && !previous.empty()) {
      ToWire(previous.front(), *put.mutable_prev_kv());
    }
  } else {
    pb::DeleteRangeResponse& removal =
        *response.mutable_response_delete_range();
    removal.set_deleted(std::get<DeleteReply>(reply).deleted);
    if (!request.request_delete_range().prev_kv()) return;
    for (const KeyValue& before : previous) {
      ToWire(before, *removal.add_prev_kvs());
    }
  }
}

}  // namespace

grpc::Status FromWire(const pb::TxnRequest& wire, Txn& txn) {
  for (const pb::Compare& compare : wire.compare()) {
    auto status = FromWire(compare, txn.compares.emplace_back());
    if (!status.ok()) return status;
  }
  for (const pb::RequestOp& op : wire.success()) {
    auto status = FromWire(op, txn.then);
    if (!status.ok()) return status;
  }
  for (const pb::RequestOp& op : wire.failure()) {
    auto status = FromWire(op, txn.otherwise);
    if (!status.ok()) return status;
  }
  return grpc::Status::OK;
}

grpc::Status FromWire(const pb::PutRequest& wire, Put& put) {
  if (wire.ignore_value()) return Unsupported("puts that keep the value");
  if (wire.ignore_lease()) return Unsupported("puts that keep the lease");
  put = {wire.key(), wire.value(), wire.lease()};
  return grpc::Status::OK;
}

Delete FromWire(const pb::DeleteRangeRequest& wire) {
  return {RangeFromWire(wire.key(), wire.range_end())};
}

Read FromWire(const Wire& wire) {
  Read read;
  read.range = RangeFromWire(wire.key(), wire.range_end());
  read.revision = wire.revision();
  // Sorting and filtering come before the limit, so the store can't apply it.
  if (!IsSorted(wire) && !HasFilter(wire)) read.limit = wire.limit();
  return read;
}

Previous WantsPrevious(const pb::TxnRequest& wire) {
  const auto wants = [](const pb::RequestOp& op) {
    return op.request_put().prev_kv() || op.request_delete_range().prev_kv();
  };
  const bool any =
      std::any_of(wire.success().begin(), wire.success().end(), wants) ||
      std::any_of(wire.failure().begin(), wire.failure().end(), wants);
  return any ? Previous::kWanted : Previous::kUnwanted;
}

void Answer(const Wire& request, const ReadReply& reply,
            pb::RangeResponse& response) {
  response.set_count(reply.count);
  if (request.count_only()) return;
  std::vector<KeyValue> found;
  for (const KeyValue& key : reply.found) {
    if (Passes(request, key)) found.push_back(key);
  }
  if (IsSorted(request)) Sort(request, found);
  const auto limit =
      static_cast<std::size_t>(std::max<std::int64_t>(request.limit(), 0));
  response.set_more(!HasFilter(request) && !IsSorted(request) &&
                    static_cast<std::size_t>(reply.count) > found.size());
  if (limit > 0 && found.size() > limit) {
    found.resize(limit);
    response.set_more(true);
  }
  for (KeyValue& key : found) {
    if (request.keys_only()) key.value.clear();
    ToWire(key, *response.add_kvs());
  }
}

void Answer(const pb::TxnRequest& request, const Applied& applied,
            pb::TxnResponse& response) {
  static const std::vector<KeyValue> kNone;
  response.set_succeeded(applied.reply.succeeded);
  const auto& branch =
      applied.reply.succeeded ? request.success() : request.failure();
  for (int i = 0; i < branch.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    AnswerOp(branch[i], applied.reply.replies[at],
             applied.previous.empty() ? kNone : applied.previous[at],
             *response.add_responses());
  }
}

}  // namespace taskgraph::coordination
