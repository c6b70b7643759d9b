// SPDX-License-Identifier: Apache-2.0
//
// SteadyJob: steady_app.cc on an etcd, its members started by hand, seen from
// outside by what the coordinator holds.
//
// Intuition: whoever does something bad to a job first waits until it is whole,
// then does it, then waits until it is whole again; and at the end asks it to
// end, and hears whether anything was lost or doubled.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "driver/running_app.h"
#include "storm/records.h"
#include "support/command.h"

namespace taskgraph::test {

class SteadyJob {
 public:
  static constexpr int kTasks = 4;

  struct Setting {
    std::string endpoints;
    std::vector<std::string> flags = {};        // Of controllers, besides.
    std::vector<std::string> environment = {};  // Of all members, besides.
    // What goes before a command line to run it where etcd is reached.
    std::vector<std::string> entrance = {};
  };
  // With one backup for each task, if the flags do not say otherwise.
  explicit SteadyJob(Setting setting);

  // Under names of their own, n1, n2, ..., c1, ...; each node has room for all.
  // `entrance`: another one than the setting's.
  const std::string& StartNode(std::vector<std::string> flags = {},
                               std::vector<std::string> entrance = {});
  const std::string& StartController();
  RunningApp& member(const std::string& id) { return members_.at(id); }
  // Waits for its end, and forgets it.
  int Bury(const std::string& id);

  // From now on, instead of all of etcd's members.
  void AskAt(std::string endpoints) { asked_ = std::move(endpoints); }
  storm::Records Look() const;
  // Until `holds` does; false: it did not within the guard.
  bool Await(const std::function<bool(const storm::Records&)>& holds) const;
  // Every task has a primary and `backups`, each of so many nodes a session,
  // and the epoch moves from now on.
  bool IsWhole(std::size_t nodes, std::size_t backups = 1) const;
  // So many epochs begin from now on.
  bool MovesOn(std::uint64_t epochs = 50) const;

  // Asks it to end; what members that do not end with code 0 said, empty: all
  // did, and nothing was lost or doubled.
  std::string Finish();
  void AskToEnd() const { folder_.Write("until", "now"); }

  // What etcdctl says.
  CommandOutcome Ask(std::vector<std::string> command) const;
  // Passes when so many seconds are over by etcd's clock: when a lease that
  // nobody renews has ended.
  void AwaitLease(int seconds) const;

  static constexpr char kPrefix[] = "/taskgraph/steady-app/";
  std::string folder() const { return folder_.path().string(); }

 private:
  const std::string& Start(const std::string& id,
                           std::vector<std::string> arguments,
                           std::vector<std::string> entrance);

  TestFolder folder_;
  const Setting setting_;
  std::string asked_ = setting_.endpoints;
  std::map<std::string, RunningApp> members_;
  int nodes_ = 0;
  int controllers_ = 0;
};

}  // namespace taskgraph::test
