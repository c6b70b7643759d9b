// SPDX-License-Identifier: Apache-2.0
//
// EtcdWatch: one watch, that goes on whatever fails.
//
// Intuition: a reader of a serial. It remembers the last installment read, asks
// for the next ones, skips what comes twice, and when installments are sold out
// (compaction) or the publisher has changed, reads the story so far anew.
//
// All functions with the loop's mutex held.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "coordination/coordinator.h"
#include "coordination/etcd/client_stream.h"
#include "coordination/etcd/connection.h"
#include "coordination/etcd/convert.h"

namespace taskgraph::coordination {

class EtcdWatch : public std::enable_shared_from_this<EtcdWatch> {
 public:
  EtcdWatch(Connection& connection, Tag tag, KeyRange range);

  // From revision `from` on; 0: lists first.
  void Begin(Revision from);

  // An endpoint is usable, perhaps another one than before.
  void Resume();

  // After it no event is delivered.
  void End();

 private:
  using Stream = ClientStream<pb::WatchRequest, pb::WatchResponse>;

  void Continue();
  void List();
  void Listed(const pb::RangeResponse& response, Revision floor);
  void ListAnew();
  void Open();
  void CloseStream();
  void Arrived(const pb::WatchResponse& response);
  void Created(const pb::ResponseHeader& header);
  void Cancelled(const pb::WatchResponse& response);
  void Ended(const grpc::Status& status);
  void DeliverChanges();
  void RetryLater();
  void CompareLater();

  Connection& connection_;
  const Tag tag_;
  const KeyRange range_;

  Revision next_ = 0;  // The first that the sink has not seen; 0: must list.
  Revision seen_ = 0;  // The last that it has.
  std::uint64_t cluster_ = 0;
  int stale_listings_ = 0;
  bool listing_ = false;
  bool retrying_ = false;
  bool ended_ = false;
  std::chrono::milliseconds backoff_;

  std::shared_ptr<Stream> stream_;
  bool created_ = false;         // The server has confirmed the stream's watch.
  std::vector<Change> changes_;  // Of a response that is not complete yet.
};

}  // namespace taskgraph::coordination
