// SPDX-License-Identifier: Apache-2.0
//
// What an etcd answers, or whoever answers in its place, as the client reads it
// (coordination/etcd/convert.h).
#include "coordination/etcd/convert.h"
#include "fuzz.h"

namespace {

// NOLINTNEXTLINE(google-build-using-namespace)
using namespace taskgraph::coordination;

enum Answer : std::uint8_t { kTxn, kRange, kWatch, kLease, kAnswers };

template <typename Message>
Message Parsed(std::string_view bytes) {
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    message.Clear();
  }
  return message;
}

void TryKey(const pb::KeyValue& wire) {
  const KeyValue key = FromWire(wire);
  for (const Revision revision : {key.create_revision, key.mod_revision}) {
    fuzz::Require(revision >= 0 && revision < kRevisionsEnd,
                  "a revision has a next one");
  }
  pb::KeyValue again;
  ToWire(key, again);
  fuzz::Require(FromWire(again) == key, "a key comes back as it was");
}

void TryRange(const pb::RangeResponse& wire) {
  for (const pb::KeyValue& key : wire.kvs()) TryKey(key);
}

void TryLease(const pb::LeaseGrantResponse& wire) {
  using std::chrono::seconds;
  const seconds granted = TimeToLiveFromWire(wire.ttl());
  fuzz::Require(granted >= seconds(0) && granted <= std::chrono::years(1),
                "a lease's time can be added to another");
}

void TryTxn(const pb::TxnResponse& wire) {
  const TxnReply reply = FromWire(wire);
  fuzz::Require(
      reply.replies.size() == static_cast<std::size_t>(wire.responses_size()),
      "each operation is answered");
}

void TryWatch(const pb::WatchResponse& wire) {
  for (const pb::Event& event : wire.events()) {
    FromWire(event);
    TryKey(event.kv());
  }
}

pb::KeyValue Clock() {
  pb::KeyValue wire;
  ToWire(KeyValue{"/taskgraph/area/clock", "{\"epoch\":1}", 2, 3, 2, 7}, wire);
  return wire;
}

}  // namespace

void fuzz::Try(std::string_view bytes) {
  const Tagged input = Untag(bytes);
  switch (input.kind % kAnswers) {
    case kTxn:
      return TryTxn(Parsed<pb::TxnResponse>(input.rest));
    case kRange:
      return TryRange(Parsed<pb::RangeResponse>(input.rest));
    case kWatch:
      return TryWatch(Parsed<pb::WatchResponse>(input.rest));
    default:
      return TryLease(Parsed<pb::LeaseGrantResponse>(input.rest));
  }
}

std::vector<std::string> fuzz::Seeds() {
  pb::RangeResponse range;
  *range.add_kvs() = Clock();
  range.set_count(1);
  pb::TxnResponse txn;
  txn.set_succeeded(true);
  txn.mutable_header()->set_revision(3);
  txn.add_responses()->mutable_response_put();
  *txn.add_responses()->mutable_response_range() = range;
  txn.add_responses()->mutable_response_delete_range()->set_deleted(2);
  pb::WatchResponse watch;
  ToWire(Change{Change::Kind::kPut, FromWire(Clock())}, *watch.add_events());
  ToWire(Change{Change::Kind::kDelete, {"a", "", 0, 4}}, *watch.add_events());
  pb::LeaseGrantResponse lease;
  lease.set_id(7);
  lease.set_ttl(2);
  return {Tag(kLease, lease.SerializeAsString()),
          Tag(kTxn, txn.SerializeAsString()),
          Tag(kRange, range.SerializeAsString()),
          Tag(kWatch, watch.SerializeAsString())};
}
