// SPDX-License-Identifier: Apache-2.0
//
// JobProcesses: the job that a storm comes over, as those who run it see it.
//
// Intuition: `run` starts and replaces its nodes itself. On several hosts that
// is for the system that started them; here, for us: every process has a chair,
// and whoever was killed has a successor in it, under another name.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storm/host_network.h"
#include "storm/plan.h"
#include "support/program.h"
#include "taskgraph/tls_files.h"

namespace taskgraph::storm {

// Where things are, for one run.
struct Ground {
  std::string app;                 // The program.
  std::string folder;              // For all that comes of it; a short path.
  std::string job;                 // Its name, used by no other.
  std::string endpoints;           // Of an etcd; empty: embedded.
  std::vector<TlsFiles> tls = {};  // Of each host; empty: all is plain.
  std::string user = {};           // At etcd; empty: anybody.

  std::string result() const { return folder + "/out/result"; }
  std::string output() const { return folder + "/output"; }
  std::string errors() const { return folder + "/errors"; }
  std::string runtime_folder() const { return folder + "/run"; }
  std::string password_file() const { return folder + "/password"; }
  std::string keys() const { return "/taskgraph/" + job + "/"; }
};

class JobProcesses {
 public:
  virtual ~JobProcesses() = default;

  // Replaces who was killed. To be called often.
  virtual void Tend() = 0;
  // The exit code, when all have left.
  virtual std::optional<int> Ended() = 0;
  // What somebody did that nobody should.
  virtual std::vector<std::string> Complaints() const { return {}; }
};

// By `run`.
class LaunchedJob final : public JobProcesses {
 public:
  LaunchedJob(const Plan& plan, const Ground& ground);

  void Tend() override {}
  std::optional<int> Ended() override;

 private:
  test::Program launcher_;
  std::optional<int> code_;
};

// By `node` and `controller`, on hosts.
class SpreadJob final : public JobProcesses {
 public:
  SpreadJob(const Plan& plan, const Ground& ground, const HostNetwork& network);

  void Tend() override;
  std::optional<int> Ended() override;
  std::vector<std::string> Complaints() const override { return complaints_; }

  // Of the host that a node or controller of that name is on.
  static std::string PrefixOf(int host) {
    return "h" + std::to_string(host) + "-";
  }

 private:
  struct Chair {
    bool is_controller = false;
    int host = 0;
    int number = 0;
    int lives = 0;
    std::string id = {};
    std::unique_ptr<test::Program> process = {};
  };

  void Seat(Chair& chair);
  std::vector<std::string> CommandLine(const Chair& chair) const;
  void Left(Chair& chair, int code);

  const Plan& plan_;
  const Ground& ground_;
  const HostNetwork& network_;
  std::vector<Chair> chairs_;
  std::optional<int> code_;  // That of the first who left by itself.
  std::vector<std::string> complaints_;
};

// The run that nobody disturbs: what it says and, if it has one, its result.
struct Reference {
  std::string output;
  std::string result;
};
Reference Undisturbed(const Plan& plan, const Ground& ground);

std::string ReadFile(const std::string& path);

}  // namespace taskgraph::storm
