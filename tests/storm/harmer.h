// SPDX-License-Identifier: Apache-2.0
//
// Harmer: does to a job what the plan says, within the budget, and heals it.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "storm/budget.h"
#include "storm/census.h"
#include "storm/etcd_cluster.h"
#include "storm/host_network.h"
#include "storm/papers.h"
#include "storm/passing.h"
#include "storm/plan.h"
#include "storm/timeline.h"

namespace taskgraph::storm {

// What there is to harm. What is not there is null.
struct Targets {
  std::string mark;  // Of the job's processes, see census.h.
  Budget* budget = nullptr;
  EtcdCluster* etcd = nullptr;
  HostNetwork* network = nullptr;
  int hosts = 0;       // The first ones of the network; then come the etcds'.
  std::string orders;  // Files for the hosts' proxies, without the number.
  const Papers* papers = nullptr;
};

// What came of the harms, by kind.
struct Deeds {
  std::map<std::string, int> done;
  std::map<std::string, int> withheld;
  std::map<std::string, int> longest_ms;  // Of those that last.
  int most_at_once = 0;
};

class Harmer {
 public:
  Harmer(Targets targets, Timeline& timeline)
      : targets_(std::move(targets)), timeline_(timeline) {}

  // Does it, unless nobody is there whom it may hit.
  void Begin(const Harm& harm);
  // Ends what has lasted long enough.
  void HealDue();
  bool HasAllHealed() const { return open_.empty(); }

  const Deeds& deeds() const { return deeds_; }

 private:
  // Undoes a harm; null: nothing is to be undone.
  using Cure = std::function<void()>;
  struct Open {
    std::string what;
    Deadline end;
    Cure cure;
  };
  // What a harm came to. Empty: it was withheld.
  struct Hit {
    std::string whom;
    Cure cure;
    std::vector<Inhabitant> stopped = {};  // Whom to wake, besides.
  };

  Hit Do(const Harm& harm, Random& random);
  Hit HarmNodes(const Harm& harm, Random& random);
  Hit HarmControllers(const Harm& harm, Random& random);
  Hit HarmEtcd(const Harm& harm, Random& random);
  Hit Outage();
  Hit HarmLinks(const Harm& harm, Random& random);
  Hit Partition(Random& random);
  Hit Cut(const std::string& whom, std::vector<std::pair<int, int>> ways);
  Hit CutFrom(int host, int first, int last, bool both_ways);
  Hit HarmHost(const Harm& harm, int host, Random& random);

  std::vector<Inhabitant> Victims(const Harm& harm, std::size_t most,
                                  Random& random);
  NodeSet NodesOf(const std::vector<int>& hosts) const;
  bool MayHit(const Harm& harm, const std::vector<int>& hosts);

  Targets targets_;
  Timeline& timeline_;
  std::list<Open> open_;
  Deeds deeds_;
};

}  // namespace taskgraph::storm
