// SPDX-License-Identifier: Apache-2.0
//
// EndlessJob: endless_app under `run`, followed by its events: who is where,
// and who can be killed without harm to anything but time.
//
// Each node has room for one replica. So the node of task 0, which never has a
// reason to move, hears of all that happens to others and lives through all of
// it; so does that of task 2, which only ever loses its backup.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "driver/running_app.h"

namespace taskgraph::test {

class EndlessJob {
 public:
  // With an etcd of the test's, or, if `endpoint` is empty, with the one in the
  // launcher.
  EndlessJob(const std::string& endpoint, std::uint64_t requests_per_epoch,
             std::uint64_t window, const std::vector<std::string>& more = {});

  // They return false if what is waited for does not come in time.
  bool WaitUntilWhole();
  bool WaitForEpoch(std::uint64_t epoch);
  // Kill -9 of the node of task 1's primary and of that of task 2's backup;
  // until both tasks have a backup again.
  bool KillBoth();
  // Kill -9 of the node of `task`.
  void KillNodeOf(std::uint64_t task) const;
  // Until so many nodes live, and all tasks have what they need.
  bool WaitForNodes(std::size_t count);
  bool WaitForOutput(const std::string& text) {
    return app_.WaitForOutput(text);
  }
  // In order; the exit code.
  int End();

  std::uint64_t epoch() const { return epoch_; }
  const std::string& endpoint() const { return endpoint_; }
  const std::string& meter_folder() const { return meter_folder_; }
  pid_t launcher() const { return app_.pid(); }
  pid_t NodeOf(std::uint64_t task) const;
  // Those that live from the job's beginning to its end, with their names.
  std::map<std::string, pid_t> survivors() const;
  // Files in the launcher's folder.
  std::int64_t private_files() const;
  std::string Output() const { return app_.Output(); }

 private:
  struct Place {
    std::string primary;
    std::vector<std::string> backups;
    std::uint64_t term = 0;
  };

  bool WaitUntil(const std::function<bool()>& reached);
  void Take(const nlohmann::json& event);
  bool IsWhole() const;

  TestFolder folder_;
  std::string meter_folder_;
  RunningApp app_;
  std::string endpoint_;
  std::map<std::string, pid_t> pids_;  // By node.
  std::set<std::string> joined_;
  std::map<std::uint64_t, Place> places_;
  std::uint64_t epoch_ = 0;
  bool ended_ = false;
};

}  // namespace taskgraph::test
