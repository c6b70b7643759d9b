// SPDX-License-Identifier: Apache-2.0
#include "coordination/etcd/convert.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace taskgraph::coordination {
namespace {

pb::Compare::CompareResult ToWire(Compare::Relation relation) {
  switch (relation) {
    case Compare::Relation::kEqual:
      return pb::Compare::EQUAL;
    case Compare::Relation::kGreater:
      return pb::Compare::GREATER;
    case Compare::Relation::kLess:
      return pb::Compare::LESS;
    case Compare::Relation::kNotEqual:
      return pb::Compare::NOT_EQUAL;
  }
  return pb::Compare::EQUAL;
}

void ToWire(const Compare& compare, pb::Compare& wire) {
  wire.set_key(compare.key);
  wire.set_result(ToWire(compare.relation));
  switch (compare.target) {
    case Compare::Target::kVersion:
      wire.set_target(pb::Compare::VERSION);
      wire.set_version(compare.number);
      break;
    case Compare::Target::kCreateRevision:
      wire.set_target(pb::Compare::CREATE);
      wire.set_create_revision(compare.number);
      break;
    case Compare::Target::kModRevision:
      wire.set_target(pb::Compare::MOD);
      wire.set_mod_revision(compare.number);
      break;
    case Compare::Target::kValue:
      wire.set_target(pb::Compare::VALUE);
      wire.set_value(compare.value);
      break;
  }
}

void ToWire(const Put& put, pb::RequestOp& wire) {
  pb::PutRequest& request = *wire.mutable_request_put();
  request.set_key(put.key);
  request.set_value(put.value);
  request.set_lease(put.lease);
}

void ToWire(const Delete& removal, pb::RequestOp& wire) {
  pb::DeleteRangeRequest& request = *wire.mutable_request_delete_range();
  request.set_key(removal.range.begin);
  request.set_range_end(removal.range.end);
}

void ToWire(const Read& read, pb::RequestOp& wire) {
  *wire.mutable_request_range() = coordination::ToWire(read);
}

OpReply FromWire(const pb::ResponseOp& wire) {
  if (wire.has_response_put()) return PutReply{};
  if (wire.has_response_delete_range()) {
    return DeleteReply{wire.response_delete_range().deleted()};
  }
  ReadReply reply;
  reply.count = wire.response_range().count();
  for (const pb::KeyValue& found : wire.response_range().kvs()) {
    reply.found.push_back(coordination::FromWire(found));
  }
  return reply;
}

}  // namespace

Revision RevisionFromWire(std::int64_t wire) {
  return std::clamp<std::int64_t>(wire, 0, kRevisionsEnd - 1);
}

std::chrono::seconds TimeToLiveFromWire(std::int64_t wire) {
  constexpr std::chrono::seconds kLongest = std::chrono::hours(24 * 365);
  return std::chrono::seconds(
      std::clamp<std::int64_t>(wire, 0, kLongest.count()));
}

KeyValue FromWire(const pb::KeyValue& wire) {
  KeyValue key;
  key.key = wire.key();
  key.value = wire.value();
  key.create_revision = RevisionFromWire(wire.create_revision());
  key.mod_revision = RevisionFromWire(wire.mod_revision());
  key.version = wire.version();
  key.lease = wire.lease();
  return key;
}

void ToWire(const KeyValue& key, pb::KeyValue& wire) {
  wire.set_key(key.key);
  wire.set_value(key.value);
  wire.set_create_revision(key.create_revision);
  wire.set_mod_revision(key.mod_revision);
  wire.set_version(key.version);
  wire.set_lease(key.lease);
}

Change FromWire(const pb::Event& wire) {
  const bool put = wire.type() == pb::Event::PUT;
  return {put ? Change::Kind::kPut : Change::Kind::kDelete,
          FromWire(wire.kv())};
}

void ToWire(const Change& change, pb::Event& wire) {
  const bool put = change.kind == Change::Kind::kPut;
  wire.set_type(put ? pb::Event::PUT : pb::Event::DELETE);
  ToWire(change.current, *wire.mutable_kv());
}

pb::RangeRequest ToWire(const Read& read) {
  pb::RangeRequest wire;
  wire.set_key(read.range.begin);
  wire.set_range_end(read.range.end);
  wire.set_limit(read.limit);
  wire.set_revision(read.revision);
  return wire;
}

pb::TxnRequest ToWire(const Txn& txn) {
  pb::TxnRequest wire;
  for (const Compare& compare : txn.compares) {
    ToWire(compare, *wire.add_compare());
  }
  for (const Op& op : txn.then) {
    std::visit([&](const auto& o) { ToWire(o, *wire.add_success()); }, op);
  }
  for (const Op& op : txn.otherwise) {
    std::visit([&](const auto& o) { ToWire(o, *wire.add_failure()); }, op);
  }
  return wire;
}

TxnReply FromWire(const pb::TxnResponse& wire) {
  TxnReply reply;
  reply.succeeded = wire.succeeded();
  reply.revision = RevisionFromWire(wire.header().revision());
  for (const pb::ResponseOp& op : wire.responses()) {
    reply.replies.push_back(FromWire(op));
  }
  return reply;
}

KeyRange RangeFromWire(const std::string& key, const std::string& range_end) {
  return {key, range_end};
}

}  // namespace taskgraph::coordination
