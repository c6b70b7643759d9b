// SPDX-License-Identifier: Apache-2.0
#include "coordination/etcd/etcd_watch.h"

#include <algorithm>
#include <utility>

namespace taskgraph::coordination {
namespace {

// Listings older than what was seen before, until they are believed: a member
// may lag behind, but a store that went back for good must be told.
constexpr int kStaleListingsMax = 5;

}  // namespace

EtcdWatch::EtcdWatch(Connection& connection, Tag tag, KeyRange range)
    : connection_(connection),
      tag_(tag),
      range_(std::move(range)),
      backoff_(connection.options().backoff_min) {}

void EtcdWatch::Begin(Revision from) {
  next_ = from;
  Continue();
  CompareLater();
}

void EtcdWatch::Resume() {
  if (stream_ && &stream_->endpoint() != &connection_.endpoint()) CloseStream();
  if (!retrying_) Continue();
}

void EtcdWatch::End() {
  ended_ = true;
  CloseStream();
}

void EtcdWatch::Continue() {
  if (ended_ || stream_) return;
  if (next_ == 0) {
    List();
  } else if (connection_.usable()) {
    Open();
  }
}

void EtcdWatch::RetryLater() {
  if (ended_ || std::exchange(retrying_, true)) return;
  connection_.loop().At(Clock::now() + backoff_, [self = shared_from_this()] {
    self->retrying_ = false;
    self->Continue();
  });
  backoff_ = std::min(2 * backoff_, connection_.options().backoff_max);
}

// --- Listing ---

void EtcdWatch::List() {
  if (std::exchange(listing_, true)) return;
  connection_.Ask<pb::RangeRequest, pb::RangeResponse>(
      [](const Endpoint& endpoint, auto* context, const auto& r, auto* queue) {
        return endpoint.kv->AsyncRange(context, r, queue);
      },
      ToWire(Read{range_}),
      [self = shared_from_this(), floor = seen_](
          const grpc::Status& status, const pb::RangeResponse& response,
          Clock::time_point) {
        self->listing_ = false;
        if (self->ended_) return;
        if (status.ok()) {
          self->Listed(response, floor);
        } else {
          self->RetryLater();
        }
      });
}

// `floor`: what was seen when the listing began; it can't be older, unless the
// store itself went back.
void EtcdWatch::Listed(const pb::RangeResponse& response, Revision floor) {
  const Revision revision = RevisionFromWire(response.header().revision());
  const bool same = cluster_ == 0 || cluster_ == response.header().cluster_id();
  if (same && revision < floor && ++stale_listings_ < kStaleListingsMax) {
    RetryLater();
    return;
  }
  const bool went_back = !same || revision < floor;
  if (went_back) CloseStream();
  // The stream may have been faster than a listing to compare.
  if (went_back || next_ == 0 || revision >= seen_) {
    WatchListed listed{tag_, revision, {}};
    for (const pb::KeyValue& found : response.kvs()) {
      listed.all.push_back(FromWire(found));
    }
    seen_ = revision;
    next_ = revision + 1;
    connection_.Deliver(std::move(listed));
  }
  stale_listings_ = 0;
  cluster_ = response.header().cluster_id();
  backoff_ = connection_.options().backoff_min;
  Continue();
}

void EtcdWatch::ListAnew() {
  CloseStream();
  next_ = 0;
  Continue();
}

void EtcdWatch::CompareLater() {
  const auto when = Clock::now() + connection_.options().relist_interval;
  connection_.loop().At(when, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->ended_) return;
    self->List();
    self->CompareLater();
  });
}

// --- Following ---

void EtcdWatch::Open() {
  stream_ = std::make_shared<Stream>(
      connection_,
      Stream::Callbacks{
          [self = shared_from_this()](const pb::WatchResponse& response) {
            self->Arrived(response);
          },
          [self = shared_from_this()](const grpc::Status& status) {
            self->Ended(status);
          }});
  stream_->Open([](const Endpoint& endpoint, auto* context, auto* queue) {
    return endpoint.watch->PrepareAsyncWatch(context, queue);
  });
  pb::WatchRequest request;
  pb::WatchCreateRequest& create = *request.mutable_create_request();
  create.set_key(range_.begin);
  create.set_range_end(range_.end);
  create.set_start_revision(next_);
  create.set_fragment(true);
  stream_->Write(std::move(request));
}

void EtcdWatch::CloseStream() {
  if (stream_) stream_->Close();
  stream_.reset();
  created_ = false;
  changes_.clear();
}

void EtcdWatch::Arrived(const pb::WatchResponse& response) {
  if (response.canceled()) {
    Cancelled(response);
    return;
  }
  if (response.created()) {
    Created(response.header());
    return;
  }
  for (const pb::Event& event : response.events()) {
    changes_.push_back(FromWire(event));
  }
  // The parts of one response may cut a revision in two.
  if (!response.fragment()) DeliverChanges();
}

void EtcdWatch::Created(const pb::ResponseHeader& header) {
  created_ = true;
  backoff_ = connection_.options().backoff_min;
  if (cluster_ == 0) cluster_ = header.cluster_id();
  // Reading on makes sense only in the history that was read before.
  if (cluster_ != header.cluster_id() || header.revision() < seen_) ListAnew();
}

void EtcdWatch::Cancelled(const pb::WatchResponse& response) {
  if (response.compact_revision() > 0) {
    ListAnew();
  } else {
    // Also how etcd tells a watcher that it does not know him any more.
    if (!connection_.options().user.empty()) {
      connection_.PassLapsed(stream_->endpoint());
    }
    CloseStream();
    RetryLater();
  }
}

void EtcdWatch::Ended(const grpc::Status& status) {
  const Endpoint& endpoint = stream_->endpoint();
  const bool was_created = created_;
  CloseStream();
  connection_.StreamEnded(endpoint, status);
  if (was_created) {
    Continue();
  } else {
    RetryLater();  // It might fail again at once.
  }
}

void EtcdWatch::DeliverChanges() {
  std::vector<Change> changes = std::exchange(changes_, {});
  for (auto from = changes.begin(); from != changes.end();) {
    const Revision revision = from->current.mod_revision;
    const auto to =
        std::find_if(from, changes.end(), [&](const Change& change) {
          return change.current.mod_revision != revision;
        });
    if (revision >= next_) {
      seen_ = revision;
      next_ = revision + 1;
      connection_.Deliver(
          WatchChanged{tag_, revision, std::vector<Change>(from, to)});
    }
    from = to;
  }
}

}  // namespace taskgraph::coordination
