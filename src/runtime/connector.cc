// SPDX-License-Identifier: Apache-2.0
#include "runtime/connector.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "core/wire.h"

namespace taskgraph::runtime {
namespace {

// Messages kept for a peer that reads slower than we write. One beyond it
// breaks the connection; both ends then send again what they have in their
// books.
constexpr std::size_t kBacklogMax = 65536;

// A record or a snapshot as large as a user may make it holds other things,
// too.
constexpr std::size_t kRoomForBooks = 64 * 1024 * 1024;

// Memory for heads that is kept while nothing is sent.
constexpr std::size_t kKeptHeadMax = 4 * 1024;

// What is in a head besides a text of the user's.
constexpr std::size_t kRoomForFields = 64 * 1024;

core::PeerProbed::Verdict Translate(transport::PeerProbed::Verdict verdict) {
  switch (verdict) {
    case transport::PeerProbed::Verdict::kAlive:
      return core::PeerProbed::Verdict::kAlive;
    case transport::PeerProbed::Verdict::kGone:
      return core::PeerProbed::Verdict::kGone;
    case transport::PeerProbed::Verdict::kSilent:
      return core::PeerProbed::Verdict::kSilent;
  }
  return core::PeerProbed::Verdict::kSilent;
}

}  // namespace

core::PeerLost::Shows WhatShows(transport::BreakReason reason) {
  switch (reason) {
    case transport::BreakReason::kRefused:
      return core::PeerLost::Shows::kDeath;
    case transport::BreakReason::kSilent:
    case transport::BreakReason::kStalled:
      return core::PeerLost::Shows::kSilence;
    default:
      return core::PeerLost::Shows::kLittle;
  }
}

Connector::Connector(const std::string& job, const core::NodeId& self,
                     Adapters adapters,
                     std::function<void(coordination::JobEvent&&)> on_event)
    : job_(job),
      self_(self),
      adapters_(std::move(adapters)),
      on_event_(std::move(on_event)),
      reactor_(adapters_.busy_poll) {
  coordinator_ = adapters_.make_coordinator(
      [this](coordination::Event event) { Enqueue(std::move(event)); });
  store_ = std::make_unique<coordination::JobStore>(
      job, *coordinator_,
      [this](coordination::JobEvent event) { on_event_(std::move(event)); });
}

Connector::~Connector() {
  coordinator_.reset();  // First, so that nobody calls Enqueue any more.
}

Result<std::vector<std::string>> Connector::Open(
    const transport::Options& options) {
  piece_bytes_ = options.piece_bytes;
  transport_ = adapters_.make_transport(
      reactor_, options, [this](transport::Event&& event) {
        transport_events_.push_back(std::move(event));
      });
  std::vector<std::string> addresses;
  for (const transport::Address& address : adapters_.listen) {
    Result<transport::Address> bound = transport_->Listen(address);
    if (!bound) return bound.error();
    addresses.push_back(*bound);
  }
  return addresses;
}

void Connector::Post(std::function<void()> work) {
  {
    const threads::Lock lock(mutex_);
    posted_.push_back(std::move(work));
    has_mail_.store(true);
  }
  reactor_.Wake();
}

void Connector::Enqueue(coordination::Event event) {
  {
    const threads::Lock lock(mutex_);
    coordinator_events_.push_back(std::move(event));
    has_mail_.store(true);
  }
  reactor_.Wake();
}

void Connector::Poll(Duration wait_max) {
  reactor_.Poll(has_mail_.load() ? Duration{} : wait_max);
  has_unwritten_ = false;
}

void Connector::Drain(core::Time now) {
  if (has_mail_.exchange(false)) {
    std::vector<coordination::Event> events;
    std::vector<std::function<void()>> posted;
    {
      const threads::Lock lock(mutex_);
      events.swap(coordinator_events_);
      posted.swap(posted_);
    }
    for (const coordination::Event& event : events) store_->Handle(event, now);
    for (const std::function<void()>& work : posted) work();
  }
  if (store_->NextDeadline() <= now) store_->OnDeadline(now);
  handled_.swap(transport_events_);
  for (transport::Event& event : handled_) OnTransport(event);
  handled_.clear();
}

// By far the most frequent fact is built in its place.
void Connector::OnFrame(transport::FrameArrived& event) {
  auto& arrived =
      std::get<core::MessageArrived>(std::get<core::Input>(arrived_));
  if (const auto error = core::DecodeInto(arrived.message, event.frame.head,
                                          std::move(event.frame.body))) {
    Say(LogLevel::kWarning, "node " + event.from +
                                " sent what is no message (" + error->message +
                                "); its connection ends");
    transport_->Close(event.from);
  } else {
    arrived.from = std::move(event.from);
    on_event_(std::move(arrived_));
  }
  arrived.message.emplace<core::Message>();  // It may have been large.
}

void Connector::OnTransport(transport::Event& event) {
  if (auto* arrived = std::get_if<transport::FrameArrived>(&event)) {
    OnFrame(*arrived);
  } else if (auto* connected = std::get_if<transport::PeerConnected>(&event)) {
    Tell(core::PeerFound{std::move(connected->peer)});
  } else if (auto* broken = std::get_if<transport::PeerBroken>(&event)) {
    backlog_.erase(broken->peer);
    std::string reason(transport::Name(broken->reason));
    if (!broken->detail.empty()) reason += ": " + broken->detail;
    Tell(core::PeerLost{std::move(broken->peer), std::move(reason),
                        WhatShows(broken->reason)});
  } else if (auto* writable = std::get_if<transport::PeerWritable>(&event)) {
    SendBacklog(writable->peer);
  } else if (auto* probed = std::get_if<transport::PeerProbed>(&event)) {
    Tell(core::PeerProbed{std::move(probed->peer), Translate(probed->verdict)});
  }
}

bool Connector::Carry(core::Output& order) {
  if (auto* send = std::get_if<core::SendMessage>(&order)) {
    core::EncodeInto(leaving_.head, leaving_.body, send->message);
    Send(send->to, std::move(leaving_));
    leaving_.body = {};
    if (leaving_.head.capacity() > kKeptHeadMax) leaving_.head = {};
  } else if (auto* peer = std::get_if<core::SetPeer>(&order)) {
    if (transport_)
      transport_->SetAddresses(peer->node, std::move(peer->addresses));
  } else if (auto* probe = std::get_if<core::ProbePeer>(&order)) {
    if (transport_) transport_->Probe(probe->node);
  } else if (auto* epoch = std::get_if<core::ProposeEpoch>(&order)) {
    store_->Do(*epoch);
  } else if (auto* end = std::get_if<core::ProposeEnd>(&order)) {
    store_->Do(*end);
  } else if (auto* assignments =
                 std::get_if<core::ProposeAssignments>(&order)) {
    store_->Do(*assignments);
  } else if (auto* follow = std::get_if<core::FollowEpoch>(&order)) {
    store_->Do(*follow);
  } else if (auto* session = std::get_if<core::EndSession>(&order)) {
    store_->Do(*session);
  } else if (auto* leave = std::get_if<core::LeaveJob>(&order)) {
    store_->Do(*leave);
  } else if (auto* remove = std::get_if<core::RemoveJob>(&order)) {
    store_->Do(*remove);
  } else {
    return false;
  }
  return true;
}

void Connector::Send(const core::NodeId& to, transport::Frame&& frame) {
  if (!transport_) return;
  has_unwritten_ = true;
  const auto kind = transport::IsLarge(frame, piece_bytes_) ? &Backlog::large
                                                            : &Backlog::small;
  const auto waiting = backlog_.find(to);
  if (waiting != backlog_.end() && !(waiting->second.*kind).empty()) {
    if (waiting->second.size() < kBacklogMax) {
      (waiting->second.*kind).push_back(std::move(frame));
    } else {
      Say(LogLevel::kWarning, "node " + to + " reads too slowly: more than " +
                                  std::to_string(kBacklogMax) +
                                  " messages wait for it; its connection ends");
      transport_->Close(to);
    }
    return;
  }
  const transport::SendOutcome outcome = transport_->Send(to, std::move(frame));
  if (outcome == transport::SendOutcome::kQueueFull) {
    // What was not accepted was not moved.
    // NOLINTNEXTLINE(bugprone-use-after-move)
    (backlog_[to].*kind).push_back(std::move(frame));
  } else if (outcome == transport::SendOutcome::kTooLarge) {
    Say(LogLevel::kError,
        "a message of " + std::to_string(frame.head.size()) + " + " +
            std::to_string(frame.body.size()) + " bytes to node " + to +
            " is above the transport's head_bytes_max or body_bytes_max, which "
            "follow limits.meta_bytes_max and limits.message_bytes_max, and "
            "was dropped");
  }
}

void Connector::SendBacklog(const core::NodeId& to) {
  const auto found = backlog_.find(to);
  if (found == backlog_.end()) return;
  Backlog frames = std::move(found->second);
  backlog_.erase(found);
  for (transport::Frame& frame : frames.small) Send(to, std::move(frame));
  for (transport::Frame& frame : frames.large) Send(to, std::move(frame));
}

transport::Options PeerOptions(const std::string& token,
                               const JobOptions& options,
                               const Connector& connector) {
  transport::Options peer;
  peer.job = connector.job();
  peer.token = token;
  peer.self = connector.self();
  peer.heartbeat_interval = options.failure.heartbeat_interval;
  peer.heartbeat_timeout = options.failure.heartbeat_timeout;
  // A meta travels in the head.
  peer.head_bytes_max = std::max<std::uint64_t>(
      peer.head_bytes_max, options.limits.meta_bytes_max + kRoomForFields);
  peer.body_bytes_max = options.limits.message_bytes_max + kRoomForBooks;
  peer.log = [&connector](std::string_view text) {
    connector.Say(LogLevel::kWarning, text);
  };
  return peer;
}

}  // namespace taskgraph::runtime
