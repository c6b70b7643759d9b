// SPDX-License-Identifier: Apache-2.0
//
// Connector: what a node and a controller have in common: a place at the table
// of their job. It brings in what the transport and the coordinator say, and
// carries out the core's orders to either.
//
// Threads: all functions are for who holds the loop, except where it says
// otherwise.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "coordination/coordinator.h"
#include "coordination/job_store.h"
#include "core/vocabulary.h"
#include "runtime/log.h"
#include "threads/mutex.h"
#include "transport/reactor.h"
#include "transport/transport.h"

namespace taskgraph::runtime {

// Which implementations to use: chosen by src/job.
struct Adapters {
  std::function<std::unique_ptr<transport::Transport>(
      transport::Reactor&, transport::Options, transport::Sink)>
      make_transport;
  std::function<std::unique_ptr<coordination::Coordinator>(coordination::Sink)>
      make_coordinator;
  std::vector<transport::Address> listen;  // Where to accept peers, best first.
  Duration busy_poll{};                    // See transport::Reactor.
  Log log;
};

class Connector {
 public:
  // `on_event` gets everything that the job's store and the transport tell,
  // from within Drain.
  Connector(const std::string& job, const core::NodeId& self, Adapters adapters,
            std::function<void(coordination::JobEvent&&)> on_event);
  ~Connector();

  // Opens the way for peers of the job; returns the addresses to publish.
  Result<std::vector<std::string>> Open(const transport::Options& options);

  // Any thread: runs `work` in the next Drain, and ends the wait of Poll.
  void Post(std::function<void()> work);

  // Waits at most `wait_max`, or until something may be there to Drain.
  void Poll(Duration wait_max);

  // Handles what has come in.
  void Drain(core::Time now);

  // Carries out an order that is not about turns; says whether it is one of
  // those.
  bool Carry(core::Output& order);

  coordination::JobStore& store() { return *store_; }
  core::Time NextDeadline() const { return store_->NextDeadline(); }
  // Messages wait for the next Poll to be written.
  bool has_unwritten() const { return has_unwritten_; }
  const core::NodeId& self() const { return self_; }
  const std::string& job() const { return job_; }
  void Say(LogLevel level, std::string_view text) const {
    adapters_.log(level, text);
  }

 private:
  void Enqueue(coordination::Event event);  // Any thread.
  void OnTransport(transport::Event& event);
  void OnFrame(transport::FrameArrived& event);
  void Tell(core::Input fact) { on_event_(std::move(fact)); }
  void Send(const core::NodeId& to, transport::Frame&& frame);
  void SendBacklog(const core::NodeId& to);

  // What a peer's queue had no room for, each kind in order: what is small
  // must not wait for what is large.
  struct Backlog {
    std::deque<transport::Frame> small, large;
    std::size_t size() const { return small.size() + large.size(); }
  };

  std::string job_;
  core::NodeId self_;
  Adapters adapters_;
  std::function<void(coordination::JobEvent&&)> on_event_;

  threads::Mutex mutex_;
  std::vector<coordination::Event> coordinator_events_
      TASKGRAPH_GUARDED_BY(mutex_);
  std::vector<std::function<void()>> posted_ TASKGRAPH_GUARDED_BY(mutex_);
  std::atomic<bool> has_mail_{false};

  transport::Reactor reactor_;
  std::vector<transport::Event> transport_events_;
  std::vector<transport::Event> handled_;  // In Drain; keeps its memory.
  // Always one of those; on_event_ may move its parts away.
  coordination::JobEvent arrived_ = core::Input(core::MessageArrived{});
  std::unique_ptr<transport::Transport> transport_;
  std::unique_ptr<coordination::Coordinator> coordinator_;
  std::unique_ptr<coordination::JobStore> store_;
  transport::Frame leaving_;       // In Carry; keeps its memory.
  std::uint64_t piece_bytes_ = 0;  // The transport's option.
  std::map<core::NodeId, Backlog> backlog_;
  bool has_unwritten_ = false;
};

// What a broken pipe says of its other end.
core::PeerLost::Shows WhatShows(transport::BreakReason reason);

// How a member of a job presents itself to its peers.
transport::Options PeerOptions(const std::string& token,
                               const JobOptions& options,
                               const Connector& connector);

}  // namespace taskgraph::runtime
