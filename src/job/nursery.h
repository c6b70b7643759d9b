// SPDX-License-Identifier: Apache-2.0
//
// Nursery: the node processes of a job on one machine; one that dies is
// replaced.
//
// Intuition: a number of chairs, each of which should be taken. When somebody
// leaves, the next one is called in at once; if people leave before they sat
// down, later and later; and after enough of that the host gives up, since
// something is wrong that no new guest will mend.
//
// Threads: all functions and hooks on the main loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/assignment.h"
#include "job/main_loop.h"
#include "job/process.h"

namespace taskgraph::job {

struct NurseryOptions {
  std::uint32_t nodes = 1;
  std::uint32_t spares = 0;  // More chairs, for nodes in reserve.

  // Replacements in the whole life of the job. More than this is no bad luck.
  std::uint32_t restarts_max = 100;

  // Nodes in a row that end without having joined the job.
  std::uint32_t stillborn_max = 8;

  // Before one is replaced that had not joined: the first wait, and the last.
  Duration backoff_min = std::chrono::milliseconds(50);
  Duration backoff_max = std::chrono::seconds(2);

  // Until one is started again for which the system had no room.
  Duration shortage_wait = std::chrono::milliseconds(500);
};

// What the nursery needs, and whom it tells.
struct NurseryHooks {
  // Starts the process of `node`; `reserve` as in core::NodeRecord.
  std::function<Result<Process>(const core::NodeId& node,
                                std::uint32_t reserve)>
      start;
  std::function<void(const core::NodeId& node, pid_t pid)> started;
  // The system has no room for another process now, and why. Once for each
  // shortage; it is tried again.
  std::function<void(const std::string& why)> delayed;
  // Its process has ended. Answer by Replace, sooner or later, or never.
  std::function<void(const core::NodeId& node, const std::string& how)> exited;
  // Enough is enough; no more are started.
  std::function<void(const std::string& why)> gave_up;
};

class Nursery {
 public:
  Nursery(MainLoop& loop, NurseryOptions options, NurseryHooks hooks);
  ~Nursery();
  Nursery(const Nursery&) = delete;
  Nursery& operator=(const Nursery&) = delete;

  void Begin();
  void Joined(const core::NodeId& node);
  void Replace(const core::NodeId& node);

  // Starts no more.
  void Close() { closed_ = true; }
  // No process is left.
  bool empty() const;
  void SignalAll(int number) const;
  // Kills those that have not joined: they have no task.
  void KillNewcomers() const;

 private:
  struct Chair {
    std::uint32_t reserve = 0;
    core::NodeId node;
    std::unique_ptr<Process> process;  // None: it is empty.
    bool joined = false;
    Ending end;  // How the last one ended.
  };

  void Fill(std::size_t index);
  void FillLater(std::size_t index, const std::string& why);
  void OnExit(std::size_t index);
  Duration BackOff() const;
  void GiveUp(const std::string& why);
  Chair* Find(const core::NodeId& node);

  MainLoop& loop_;
  const NurseryOptions options_;
  const NurseryHooks hooks_;
  std::vector<Chair> chairs_;
  std::uint32_t restarts_ = 0;
  std::uint32_t stillborn_ = 0;  // In a row.
  bool is_short_ = false;        // Told so.
  bool closed_ = false;
};

}  // namespace taskgraph::job
