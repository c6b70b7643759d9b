// SPDX-License-Identifier: Apache-2.0
#include "runtime/controller_runtime.h"

#include <algorithm>
#include <utility>

#include "runtime/clock.h"

namespace taskgraph::runtime {
namespace {

// How long to wait for nothing in particular.
constexpr Duration kLongWait = std::chrono::seconds(1);

}  // namespace

ControllerRuntime::ControllerRuntime(const std::string& job,
                                     ControllerSettings settings,
                                     Adapters adapters)
    : settings_(std::move(settings)),
      connector_(
          job, settings_.self, std::move(adapters),
          [this](coordination::JobEvent event) { OnEvent(std::move(event)); }) {
  connector_.store().Submit(settings_.spec, settings_.submission);
}

Result<core::JobEnd> ControllerRuntime::Run() {
  while (!done_) {
    connector_.Poll(Wait(Now()));
    const core::Time now = Now();
    connector_.Drain(now);
    if (core_ && core_->NextDeadline() <= now) Step(core::DeadlinePassed{});
  }
  if (refused_) return *refused_;
  return *end_;
}

Duration ControllerRuntime::Wait(core::Time now) const {
  core::Time next = std::min(connector_.NextDeadline(), now + kLongWait);
  if (core_) next = std::min(next, core_->NextDeadline());
  return std::max(next - now, Duration{});
}

void ControllerRuntime::NodeExited(core::NodeId node, std::string reason) {
  connector_.Post([this, node = std::move(node), reason = std::move(reason)] {
    if (core_) Step(core::ProcessExited{node, reason});
  });
}

void ControllerRuntime::StopJob(core::StopRequested stop) {
  connector_.Post([this, stop = std::move(stop)] {
    if (core_) {
      Step(stop);
    } else {
      OnRefused({ErrorCode::kCancelled,
                 "stopped before the job began: " + stop.reason});
    }
  });
}

void ControllerRuntime::Leave() {
  connector_.Post([this] {
    OnRefused({ErrorCode::kCancelled, "stopped by a signal"});
  });
}

void ControllerRuntime::OnEvent(coordination::JobEvent event) {
  if (auto* input = std::get_if<core::Input>(&event)) {
    if (core_) {
      Step(std::move(*input));
    } else if (const auto* ended = std::get_if<core::JobEnded>(input)) {
      end_ = ended->end;  // It was over before this controller came.
      done_ = true;
    }
  } else if (const auto* spec = std::get_if<coordination::SpecFound>(&event)) {
    OnSpec(spec->spec);
  } else if (auto* refused = std::get_if<coordination::JobRefused>(&event)) {
    OnRefused(std::move(refused->error));
  } else if (std::holds_alternative<coordination::JobRemoved>(event)) {
    if (end_) done_ = true;
  } else if (const auto* remark =
                 std::get_if<coordination::JobRemark>(&event)) {
    connector_.Say(LogLevel::kWarning, remark->text);
  }
}

void ControllerRuntime::OnSpec(const coordination::JobSpec& spec) {
  if (const auto difference = coordination::Difference(settings_.spec, spec)) {
    return OnRefused({ErrorCode::kRefused, *difference});
  }
  if (settings_.objection) {
    if (auto objection = settings_.objection(spec)) {
      return OnRefused(*std::move(objection));
    }
  }
  core_ = std::make_unique<core::ControllerCore>(
      settings_.self, spec.tasks,
      core::ControllerOptions{spec.options, spec.nodes_expected});
  auto addresses =
      connector_.Open(PeerOptions(settings_.token, spec.options, connector_));
  if (!addresses) return OnRefused(addresses.error());
  connector_.store().Campaign(
      {settings_.self, settings_.host, 0, 0, std::move(addresses).value()});
}

void ControllerRuntime::OnRefused(Error error) {
  if (!refused_ && !end_) refused_ = std::move(error);
  done_ = true;
}

// Orders of one fact are carried out before the next fact is looked at.
void ControllerRuntime::Step(core::Input input) {
  inputs_.push_back(std::move(input));
  if (stepping_) return;
  stepping_ = true;
  while (!inputs_.empty()) {
    const core::Input next = std::move(inputs_.front());
    inputs_.pop_front();
    core::Outputs orders = core_->Step(next, Now());
    for (core::Output& order : orders) connector_.Carry(order);
    if (settings_.observe) settings_.observe(next, *core_);
  }
  stepping_ = false;
  if (core_->end()) end_ = core_->end();
}

}  // namespace taskgraph::runtime
