// SPDX-License-Identifier: Apache-2.0
#include "job/nursery.h"

#include <signal.h>

#include <algorithm>
#include <utility>

#include "job/in_process.h"

namespace taskgraph::job {
namespace {

// A program that can't start ends otherwise.
bool KilledFromOutside(const Ending& end) {
  return end.signal == SIGKILL || end.signal == SIGTERM;
}

}  // namespace

Nursery::Nursery(MainLoop& loop, NurseryOptions options, NurseryHooks hooks)
    : loop_(loop), options_(options), hooks_(std::move(hooks)) {
  chairs_.resize(options_.nodes + options_.spares);
  for (std::size_t i = options_.nodes; i < chairs_.size(); ++i) {
    chairs_[i].reserve = 1;
  }
}

Nursery::~Nursery() {
  for (const Chair& chair : chairs_) {
    if (chair.process) loop_.Unwatch(chair.process->exit_fd());
  }
}

void Nursery::Begin() {
  for (std::size_t i = 0; i < chairs_.size(); ++i) Fill(i);
}

// A name that no other node of the job ever had, and that tells who is who.
void Nursery::Fill(std::size_t index) {
  if (closed_) return;
  Chair& chair = chairs_[index];
  chair.node = "n" + std::to_string(index) + "-" + RandomHex(8);
  chair.joined = false;
  Result<Process> process = hooks_.start(chair.node, chair.reserve);
  if (!process && process.error().code == ErrorCode::kUnavailable) {
    return FillLater(index, process.error().message);
  }
  if (!process) return GiveUp(process.error().message);
  is_short_ = false;
  chair.process = std::make_unique<Process>(std::move(process).value());
  loop_.Watch(chair.process->exit_fd(), [this, index] { OnExit(index); });
  hooks_.started(chair.node, chair.process->pid());
}

// Others work meanwhile; with luck one of them leaves something free.
void Nursery::FillLater(std::size_t index, const std::string& why) {
  if (!std::exchange(is_short_, true)) hooks_.delayed(why);
  loop_.After(options_.shortage_wait, [this, index] { Fill(index); });
}

void Nursery::OnExit(std::size_t index) {
  Chair& chair = chairs_[index];
  loop_.Unwatch(chair.process->exit_fd());
  chair.end = chair.process->Bury();
  chair.process.reset();
  hooks_.exited(chair.node, chair.end.text);
}

void Nursery::Joined(const core::NodeId& node) {
  if (Chair* chair = Find(node)) {
    chair->joined = true;
    stillborn_ = 0;
  }
}

void Nursery::Replace(const core::NodeId& node) {
  Chair* chair = Find(node);
  if (closed_ || chair == nullptr || chair->process) return;
  const bool stillborn = !chair->joined && !KilledFromOutside(chair->end);
  if (stillborn && ++stillborn_ >= options_.stillborn_max) {
    return GiveUp(std::to_string(stillborn_) +
                  " nodes in a row ended before they joined the job, the last "
                  "one with " +
                  chair->end.text);
  }
  if (restarts_ >= options_.restarts_max) {
    return GiveUp("node " + node + " ended with " + chair->end.text +
                  " after " + std::to_string(restarts_) +
                  " replacements, which is all that --restarts-max allows");
  }
  ++restarts_;
  const auto index = static_cast<std::size_t>(chair - chairs_.data());
  if (!stillborn) return Fill(index);
  loop_.After(BackOff(), [this, index] { Fill(index); });
}

Duration Nursery::BackOff() const {
  const std::uint32_t doublings = std::min(stillborn_ - 1, 16U);
  return std::min(options_.backoff_min * (1 << doublings),
                  options_.backoff_max);
}

void Nursery::GiveUp(const std::string& why) {
  if (std::exchange(closed_, true)) return;
  hooks_.gave_up(why);
}

void Nursery::SignalAll(int number) const {
  for (const Chair& chair : chairs_) {
    if (chair.process) chair.process->Signal(number);
  }
}

void Nursery::KillNewcomers() const {
  for (const Chair& chair : chairs_) {
    if (chair.process && !chair.joined) chair.process->Signal(SIGKILL);
  }
}

bool Nursery::empty() const {
  return std::all_of(chairs_.begin(), chairs_.end(),
                     [](const Chair& chair) { return !chair.process; });
}

Nursery::Chair* Nursery::Find(const core::NodeId& node) {
  const auto found =
      std::find_if(chairs_.begin(), chairs_.end(),
                   [&](const Chair& chair) { return chair.node == node; });
  return found == chairs_.end() ? nullptr : &*found;
}

}  // namespace taskgraph::job
