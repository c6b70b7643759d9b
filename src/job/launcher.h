// SPDX-License-Identifier: Apache-2.0
//
// Launcher: the command `run`. The whole job on this machine: coordinator and
// controller in this process, and one process for each node; or, with no nodes,
// everything here.
//
// Intuition: a theatre's stage manager. He opens the house, calls in the
// actors, replaces who faints, and when the play is over, or the audience
// leaves, he makes sure that everybody is out before he locks up.
//
// Threads: all of it on the thread that called Run, but Observe, which is the
// controller's.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "coordination/etcd/etcd_server.h"
#include "coordination/store_service.h"
#include "job/adapters.h"
#include "job/chronicle.h"
#include "job/command_line.h"
#include "job/contact.h"
#include "job/main_loop.h"
#include "job/nursery.h"
#include "job/private_folder.h"
#include "job/progress.h"
#include "job/side_thread.h"
#include "runtime/controller_runtime.h"
#include "threads/mutex.h"

namespace taskgraph::job {

class Launcher {
 public:
  // Both must outlive it.
  Launcher(const CommandLine& line, const RunCommand& command);
  ~Launcher();

  // Returns the exit code: the job's, 128 + N if signal N ended it, 1 if it
  // could not run.
  int Run();

 private:
  // What must be there before the job can run.
  std::optional<Error> Prepare();
  std::optional<Error> OpenHouse();
  std::optional<Error> StartCoordinator();
  MakeCoordinator CoordinatorForController();
  void MakeController();
  void MakeNursery();
  Result<Process> StartNode(const core::NodeId& node, std::uint32_t reserve);
  std::string SocketOf(const core::NodeId& node) const {
    return folder_->PathOf(node + ".sock");
  }
  void Equip(std::vector<std::string>& arguments) const;

  Result<core::JobEnd> RunJob();  // On the side thread.
  void Observe(const core::Input& fact, const core::ControllerCore& core);

  // What happens meanwhile.
  void ShowProgress();
  void Hear(int signal);
  void StopJob(std::string reason, int code);
  void Kill(int signal);
  void Pause();
  void Finished(Result<core::JobEnd> result);
  void LeaveIfAllGone();
  int Conclude();

  const CommandLine& line_;
  const RunCommand& command_;
  const core::Time start_;
  MainLoop loop_;
  runtime::Log log_;
  std::unique_ptr<Chronicle> chronicle_;
  Progress progress_;
  Contact contact_;

  // Destroyed from the last to the first.
  std::optional<PrivateFolder> folder_;
  std::string token_;
  Papers papers_;
  std::string instance_;
  std::unique_ptr<coordination::StoreService> store_;
  std::unique_ptr<coordination::EtcdServer> server_;
  std::vector<std::string> endpoints_;  // For nodes.
  std::unique_ptr<runtime::ControllerRuntime> controller_;
  std::unique_ptr<Nursery> nursery_;
  bool begun_ = false;  // The controller's thread's own.

  threads::Mutex mutex_;
  runtime::ControllerRuntime* running_ TASKGRAPH_GUARDED_BY(mutex_) = nullptr;

  int heard_ = 0;             // A signal.
  bool output_lost_ = false;  // Of a node.
  std::optional<std::string> gave_up_;
  std::optional<Result<core::JobEnd>> result_;
};

}  // namespace taskgraph::job
