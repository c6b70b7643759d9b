// SPDX-License-Identifier: Apache-2.0
#include "coordination/etcd/lease_keeper.h"

#include <algorithm>
#include <utility>

namespace taskgraph::coordination {
namespace {

Clock::duration Third(Clock::duration time_to_live) { return time_to_live / 3; }

}  // namespace

void LeaseKeeper::Keep(LeaseId lease, std::chrono::seconds time_to_live,
                       Clock::time_point asked_at) {
  Kept& kept = leases_[lease];
  kept.time_to_live = time_to_live;
  kept.deadline = asked_at + time_to_live;
  kept.timer = connection_.loop().At(asked_at + Third(kept.time_to_live),
                                     [=, this] { Tick(lease); });
}

bool LeaseKeeper::Forget(LeaseId lease) {
  const auto found = leases_.extract(lease);
  if (!found) return false;
  connection_.loop().Cancel(found.mapped().timer);
  return true;
}

void LeaseKeeper::Resume() {
  if (stream_ && &stream_->endpoint() != &connection_.endpoint()) CloseStream();
  if (stream_) return;
  // Open also without leases: its end is how an idle client learns that the
  // connection broke.
  EnsureStream();
  for (auto& [lease, kept] : leases_) Send(lease, kept);
}

// The loop outlives this for a moment; none of its timers may be ours.
void LeaseKeeper::End() {
  CloseStream();
  while (!leases_.empty()) Forget(leases_.begin()->first);
}

// Each third of its time, and when its time is over.
void LeaseKeeper::Tick(LeaseId lease) {
  Kept& kept = leases_.at(lease);
  const auto now = Clock::now();
  if (now >= kept.deadline) {
    Lose(lease);
    return;
  }
  const auto third = Third(kept.time_to_live);
  kept.timer = connection_.loop().At(std::min(now + third, kept.deadline),
                                     [=, this] { Tick(lease); });
  if (stream_ && !kept.unanswered.empty() &&
      now - kept.unanswered.front() >= third) {
    // The endpoint may stand still without its connection breaking.
    const Endpoint& endpoint = stream_->endpoint();
    CloseStream();
    connection_.Suspect(endpoint);
  }
  Send(lease, kept);
}

void LeaseKeeper::Send(LeaseId lease, Kept& kept) {
  EnsureStream();
  if (!stream_) return;
  pb::LeaseKeepAliveRequest request;
  request.set_id(lease);
  kept.unanswered.push_back(Clock::now());
  stream_->Write(std::move(request));
}

void LeaseKeeper::Lose(LeaseId lease) {
  if (Forget(lease)) connection_.Deliver(LeaseLost{lease});
}

void LeaseKeeper::EnsureStream() {
  if (stream_ || !connection_.usable()) return;
  stream_ = std::make_shared<Stream>(
      connection_,
      Stream::Callbacks{
          [this](const pb::LeaseKeepAliveResponse& r) { Arrived(r); },
          [this](const grpc::Status& status) {
            const Endpoint& endpoint = stream_->endpoint();
            CloseStream();
            connection_.StreamEnded(endpoint, status);
          }});
  stream_->Open([](const Endpoint& endpoint, auto* context, auto* queue) {
    return endpoint.lease->PrepareAsyncLeaseKeepAlive(context, queue);
  });
}

void LeaseKeeper::CloseStream() {
  if (stream_) stream_->Close();
  stream_.reset();
  for (auto& [lease, kept] : leases_) kept.unanswered.clear();
}

void LeaseKeeper::Arrived(const pb::LeaseKeepAliveResponse& response) {
  const auto found = leases_.find(response.id());
  if (found == leases_.end()) return;
  Kept& kept = found->second;
  if (response.ttl() <= 0) {
    Lose(response.id());
    return;
  }
  if (kept.unanswered.empty()) return;
  // It was extended when the server saw the question, at the earliest when that
  // was sent.
  kept.deadline =
      std::max(kept.deadline, kept.unanswered.front() + kept.time_to_live);
  kept.unanswered.pop_front();
}

}  // namespace taskgraph::coordination
