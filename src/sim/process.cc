// SPDX-License-Identifier: Apache-2.0
#include "sim/process.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/wire.h"
#include "runtime/connector.h"
#include "sim/checker.h"
#include "sim/crash_point.h"
#include "sim/message_text.h"

namespace taskgraph::sim {
namespace {

// Nobody's clock begins when the world does.
constexpr Duration kClockOffsetMax = std::chrono::hours(1);

// Alarms in a row at one moment of virtual time that are taken for a loop.
constexpr int kAlarmsAtOnceMax = 1000;

}  // namespace

Process::Process(Stage& stage, NodeId id)
    : stage_(stage),
      id_(std::move(id)),
      clock_offset_(stage.random.Between({}, kClockOffsetMax)) {}

Process::~Process() = default;

void Process::Begin() {
  stage_.network.Start(id_);
  coordinator_ = std::make_unique<SimCoordinator>(
      id_,
      SimCoordinator::Surroundings{stage_.agenda, stage_.random,
                                   stage_.registry, stage_.coordinator,
                                   stage_.strikes},
      [this](coordination::Event event) {
        Post(
            [this, event = std::move(event)] { store_->Handle(event, Now()); });
      });
  store_ = std::make_unique<coordination::JobStore>(
      stage_.job.name(), *coordinator_,
      [this](coordination::JobEvent event) { OnEvent(std::move(event)); });
  stage_.checker.ProcessBegan(id_);
}

void Process::Sleep() {
  asleep_ = true;
  coordinator_->SetAsleep(true);
  stage_.network.Sleep(id_);
}

void Process::Wake() {
  if (!alive_) return;
  asleep_ = false;
  coordinator_->SetAsleep(false);
  stage_.network.Wake(id_);
  while (!in_tray_.empty() && alive_ && !asleep_) {
    const std::function<void()> work = std::move(in_tray_.front());
    in_tray_.pop_front();
    work();
  }
  if (alive_) Settle();
}

void Process::End(const std::string& how) {
  if (!alive_) return;
  alive_ = false;
  stage_.trace.Story("node " + id_ + " " + how);
  stage_.network.Stop(id_);
  stage_.checker.ProcessEnded(id_);
  in_tray_.clear();
  // Not at once: this may be called from within them.
  stage_.agenda.After(Duration{}, [this] {
    store_.reset();
    coordinator_.reset();
  });
}

void Process::Post(std::function<void()> work) {
  if (!alive_) return;
  if (asleep_) {
    in_tray_.push_back(std::move(work));
    return;
  }
  work();
  if (alive_) Settle();
}

void Process::PostAfter(Duration delay, std::function<void()> work) {
  stage_.agenda.After(delay, [this, work = std::move(work)] { Post(work); });
}

// --- What comes in ---

void Process::OnEvent(coordination::JobEvent event) {
  if (!alive_) return;
  if (auto* fact = std::get_if<core::Input>(&event)) {
    if (ready()) {
      Take(std::move(*fact));
    } else if (std::holds_alternative<core::JobEnded>(*fact)) {
      End("leaves: the job is over");
    }
  } else if (const auto* spec = std::get_if<coordination::SpecFound>(&event)) {
    OnSpec(spec->spec);
  } else if (auto* refused = std::get_if<coordination::JobRefused>(&event)) {
    stage_.checker.Violate(
        "R25", "node " + id_ + " was refused: " + refused->error.message);
  } else if (std::holds_alternative<coordination::SessionEnded>(event)) {
    OnSessionEnded();
  } else if (std::holds_alternative<coordination::JobRemoved>(event)) {
    OnRemoved();
  } else if (const auto* remark =
                 std::get_if<coordination::JobRemark>(&event)) {
    if (stage_.trace.Wants(Trace::Level::kMessages)) {
      stage_.trace.Line(Trace::Level::kMessages, id_ + ": " + remark->text);
    }
  }
}

void Process::OnTransport(transport::Event event) {
  if (!ready()) return;
  if (auto* arrived = std::get_if<transport::FrameArrived>(&event)) {
    OnFrame(std::move(*arrived));
  } else if (auto* connected = std::get_if<transport::PeerConnected>(&event)) {
    Take(core::PeerFound{connected->peer});
  } else if (auto* broken = std::get_if<transport::PeerBroken>(&event)) {
    if (stage_.trace.Wants(Trace::Level::kMessages)) {
      stage_.trace.Line(Trace::Level::kMessages,
                        id_ + " lost " + broken->peer + ": " +
                            std::string(transport::Name(broken->reason)));
    }
    Take(core::PeerLost{broken->peer, broken->detail,
                        runtime::WhatShows(broken->reason)});
  } else if (auto* probed = std::get_if<transport::PeerProbed>(&event)) {
    Take(core::PeerProbed{
        probed->peer, static_cast<core::PeerProbed::Verdict>(probed->verdict)});
  }
}

void Process::OnFrame(transport::FrameArrived arrived) {
  Result<core::NodeMessage> message =
      core::Decode(arrived.frame.head, std::move(arrived.frame.body));
  if (!message) {
    stage_.checker.Violate("wire", message.error().message);
    return;
  }
  TraceMessage(id_ + " hears " + arrived.from, *message);
  Take(core::MessageArrived{arrived.from, std::move(message).value()});
}

void Process::Take(core::Input fact) {
  facts_.push_back(std::move(fact));
  if (std::exchange(stepping_, true)) return;
  while (!facts_.empty() && alive_) {
    core::Input next = std::move(facts_.front());
    facts_.pop_front();
    if (stage_.passes) stage_.passes(*this, Hears(NameOf(next)));
    if (alive_) Step(std::move(next));
  }
  stepping_ = false;
}

// --- What goes out ---

void Process::Know(const std::string& fact) {
  if (stage_.passes) stage_.passes(*this, Knows(fact));
}

void Process::Done(const std::string& order) {
  if (stage_.passes && alive_) stage_.passes(*this, Does(order));
}

void Process::Carry(core::Output& order) {
  if (!alive_) return;
  if (auto* send = std::get_if<core::SendMessage>(&order)) {
    SendFrame(*send);
  } else if (auto* peer = std::get_if<core::SetPeer>(&order)) {
    stage_.network.SetAddresses(id_, peer->node, peer->addresses);
  } else if (auto* probe = std::get_if<core::ProbePeer>(&order)) {
    stage_.network.Probe(id_, probe->node);
  } else if (auto* epoch = std::get_if<core::ProposeEpoch>(&order)) {
    store_->Do(*epoch);
  } else if (auto* end = std::get_if<core::ProposeEnd>(&order)) {
    store_->Do(*end);
  } else if (auto* change = std::get_if<core::ProposeAssignments>(&order)) {
    store_->Do(*change);
  } else if (auto* follow = std::get_if<core::FollowEpoch>(&order)) {
    store_->Do(*follow);
  } else if (auto* session = std::get_if<core::EndSession>(&order)) {
    store_->Do(*session);
  } else if (auto* leave = std::get_if<core::LeaveJob>(&order)) {
    store_->Do(*leave);
  } else if (auto* remove = std::get_if<core::RemoveJob>(&order)) {
    store_->Do(*remove);
  }
}

void Process::SendFrame(const core::SendMessage& order) {
  core::NodeMessage message = order.message;
  if (stage_.falsify) stage_.falsify(message, stage_.random);
  TraceMessage(id_ + " tells " + order.to, message);
  core::WireFrame frame = core::Encode(message);
  stage_.network.Send(id_, order.to,
                      {std::move(frame.head), std::move(frame.body)});
}

void Process::TraceMessage(const std::string& who,
                           const core::NodeMessage& message) {
  if (!stage_.trace.Wants(Trace::Level::kMessages)) return;
  stage_.trace.Line(Trace::Level::kMessages, who + ": " + Describe(message));
}

// --- The alarm ---

void Process::Settle() {
  core::Time due = store_->NextDeadline();
  if (ready()) due = std::min(due, CoreDeadline());
  if (due == core::kNever) {
    alarm_ = due;
    return;
  }
  const core::Time at = std::max(due - clock_offset_, stage_.agenda.now());
  if (at == alarm_) return;
  alarm_ = at;
  stage_.agenda.At(at, [this, alarm = ++alarms_] {
    if (alarm == alarms_ && alarm_ != core::kNever) Post([this] { OnAlarm(); });
  });
}

void Process::OnAlarm() {
  const core::Time now = stage_.agenda.now();
  alarms_at_once_ = last_alarm_ == now ? alarms_at_once_ + 1 : 0;
  last_alarm_ = now;
  if (alarms_at_once_ > kAlarmsAtOnceMax) {
    stage_.checker.Violate("progress", "node " + id_ + " loops on deadlines");
    return;
  }
  alarm_ = core::kNever;
  if (store_->NextDeadline() <= Now()) store_->OnDeadline(Now());
  if (alive_ && ready() && CoreDeadline() <= Now()) {
    Take(core::DeadlinePassed{});
  }
}

}  // namespace taskgraph::sim
