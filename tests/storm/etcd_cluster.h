// SPDX-License-Identifier: Apache-2.0
//
// EtcdCluster: one etcd, or three that form a cluster, for a storm to come
// over.
//
// Intuition: tests/support/real_etcd.h is an etcd that always serves when it is
// asked to; here it may be down, and whoever asks it something may get no
// answer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/command.h"
#include "support/program.h"
#include "taskgraph/tls_files.h"

namespace taskgraph::storm {

// Where a member runs.
struct EtcdSeat {
  std::string address = "127.0.0.1";
  // Goes before its command line, to bring it to its host.
  std::vector<std::string> entrance;
  TlsFiles tls = {};  // It serves by TLS, if there are any.
};

// How to come to where etcdctl reaches the members of an etcd, which, and as
// whom.
struct EtcdAddress {
  std::vector<std::string> entrance = {};
  std::string endpoints = {};
  TlsFiles tls = {};
  std::string user = {};  // "NAME:PASSWORD"; empty: anybody.
};

class EtcdCluster {
 public:
  // Returns when they serve, with data and logs in `folder`. `door` is how
  // etcdctl gets in, but for the endpoints. Throws std::runtime_error.
  EtcdCluster(std::string folder, std::vector<EtcdSeat> seats,
              EtcdAddress door);

  // From now on only users get in: we, as root, and `name`, who may do anything
  // below `prefix`. Throws std::runtime_error.
  void AdmitOnly(const std::string& name, const std::string& password,
                 const std::string& prefix);

  // For --coordinator.
  std::string endpoints() const;
  // For Etcdctl.
  EtcdAddress address() const;
  std::size_t size() const { return members_.size(); }

  bool IsUp(std::size_t member) const { return !!members_[member].process; }
  // As by kill -9; and again, with its data.
  void Kill(std::size_t member);
  void Restart(std::size_t member);
  void Pause(std::size_t member);
  void Continue(std::size_t member);

  // What is to be seen to while etcdctl keeps us waiting.
  void Meanwhile(std::function<void()> see_to) { see_to_ = std::move(see_to); }

  // Which one leads, if they say so.
  std::optional<std::size_t> Leader() const;
  // False: it could not be done at present.
  bool MoveLeader(std::size_t to) const;
  bool Compact() const;

 private:
  struct Member {
    EtcdSeat seat;
    int client_port = 0;
    int peer_port = 0;
    std::unique_ptr<test::Program> process;  // None: it is killed.
  };
  // What one says of itself.
  struct Standing {
    std::uint64_t id = 0;
    std::uint64_t leader = 0;
    std::uint64_t revision = 0;
  };

  void ChoosePorts();
  bool AllServe() const;
  std::optional<Standing> StandingOf(std::size_t member) const;
  std::vector<std::string> Arguments(std::size_t member) const;
  test::CommandOutcome Ask(const std::string& endpoints,
                           const std::vector<std::string>& arguments) const;

  std::string folder_;
  EtcdAddress door_;
  std::vector<Member> members_;
  std::function<void()> see_to_ = [] {};
};

// `etcdctl` with these arguments; an answer comes within seconds or not at all.
// Meanwhile `see_to` is called again and again.
test::CommandOutcome Etcdctl(
    const EtcdAddress& address, const std::vector<std::string>& arguments,
    const std::function<void()>& see_to = [] {});

}  // namespace taskgraph::storm
