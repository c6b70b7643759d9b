// SPDX-License-Identifier: Apache-2.0
//
// Process: one life of a node's or controller's process.
//
// Intuition: a clerk with an in-tray and a clock of his own. While he works,
// letters are handled as they come; while he is asleep (SIGSTOP) they pile up,
// and his alarm rings when he wakes; when he is dead nobody handles anything.
//
// What is common to both kinds is here: sleep and death, the way to the
// coordinator (the production JobStore) and to the network, and the alarm.
// Not thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "coordination/job_store.h"
#include "core/vocabulary.h"
#include "sim/stage.h"

namespace taskgraph::sim {

class Process {
 public:
  Process(Stage& stage, NodeId id);
  virtual ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  const NodeId& id() const { return id_; }
  bool alive() const { return alive_; }
  bool asleep() const { return asleep_; }
  SimCoordinator& coordinator() { return *coordinator_; }

  void Sleep();
  void Wake();
  // At once, whatever it does; `how` is for the trace.
  void End(const std::string& how);

  // An event reached the process: handled now, when it wakes, or never.
  void Post(std::function<void()> work);

  void OnTransport(transport::Event event);

 protected:
  // Called once, when the object is complete.
  void Begin();
  Stage& stage() const { return stage_; }
  coordination::JobStore& store() { return *store_; }
  // This process's own time.
  core::Time Now() const { return stage_.agenda.now() + clock_offset_; }
  void PostAfter(Duration delay, std::function<void()> work);
  // Facts are handled one after the other; orders of one before the next.
  void Take(core::Input fact);
  // Crash points: see Stage::passes. `fact` and `order` are names.
  bool asked() const { return stage_.passes != nullptr; }
  void Know(const std::string& fact);
  void Done(const std::string& order);
  // Carries out an order that is not about turns.
  void Carry(core::Output& order);

  virtual bool ready() const = 0;  // It has a core.
  virtual void Step(core::Input fact) = 0;
  virtual core::Time CoreDeadline() const = 0;
  virtual void OnSpec(const coordination::JobSpec& spec) = 0;
  virtual void OnSessionEnded() {}
  virtual void OnRemoved() {}

 private:
  void OnEvent(coordination::JobEvent event);
  void OnFrame(transport::FrameArrived arrived);
  void SendFrame(const core::SendMessage& order);
  void TraceMessage(const std::string& who, const core::NodeMessage& message);
  void Settle();
  void OnAlarm();

  Stage& stage_;
  const NodeId id_;
  const Duration clock_offset_;
  bool alive_ = true;
  bool asleep_ = false;
  std::deque<std::function<void()>> in_tray_;  // While asleep.
  std::unique_ptr<SimCoordinator> coordinator_;
  std::unique_ptr<coordination::JobStore> store_;
  std::deque<core::Input> facts_;
  bool stepping_ = false;
  core::Time alarm_ = core::kNever;  // On the agenda; in the world's time.
  std::uint64_t alarms_ = 0;
  core::Time last_alarm_{};
  int alarms_at_once_ = 0;
};

}  // namespace taskgraph::sim
