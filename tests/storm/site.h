// SPDX-License-Identifier: Apache-2.0
//
// Site: all that a job needs around it for one storm: folders, hosts, an etcd,
// proxies. The storm's own, on free ports and in temporary folders; gone with
// it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "storm/etcd_cluster.h"
#include "storm/host_network.h"
#include "storm/job_processes.h"
#include "storm/papers.h"
#include "storm/plan.h"
#include "support/command.h"
#include "support/program.h"

namespace taskgraph::storm {

class Site {
 public:
  // `apps` is the folder of the examples' folders. Throws std::runtime_error.
  Site(const Plan& plan, const std::string& apps);

  const Ground& ground() const { return ground_; }
  // Null: there is none.
  HostNetwork* network() { return network_ ? &*network_ : nullptr; }
  EtcdCluster* etcd() { return etcd_ ? &*etcd_ : nullptr; }
  const Papers* papers() const { return papers_ ? &*papers_ : nullptr; }

  // The file that tells the proxy of a host what to do is this and its number.
  std::string orders() const { return ground_.folder + "/proxy"; }

  // Asks the coordinator, embedded or not, by etcdctl; meanwhile `see_to` is
  // called again and again.
  test::CommandOutcome Ask(const std::vector<std::string>& arguments,
                           const std::function<void()>& see_to) const;

 private:
  int Members() const;
  std::string Endpoints() const;
  void MakePapers();
  void MakeEtcd();
  void MakeProxies();

  const Plan& plan_;
  test::Folder folder_{"storm"};
  Ground ground_;
  std::optional<Papers> papers_;
  TlsFiles operator_;  // Of our own, for etcdctl.
  std::optional<HostNetwork> network_;
  std::optional<EtcdCluster> etcd_;
  std::vector<test::Program> proxies_;
};

}  // namespace taskgraph::storm
