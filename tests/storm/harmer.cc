// SPDX-License-Identifier: Apache-2.0
#include "storm/harmer.h"

#include <signal.h>

#include <algorithm>
#include <utility>

#include "storm/job_processes.h"
#include "storm/proxy.h"

namespace taskgraph::storm {
namespace {

template <typename T>
void Shuffle(std::vector<T>& all, Random& random) {
  for (std::size_t i = all.size(); i > 1; --i) {
    std::swap(all[i - 1], all[random.Next() % i]);
  }
}

std::string Names(const std::vector<Inhabitant>& some) {
  std::string names;
  for (const Inhabitant& one : some) {
    names += " " + (one.id.empty() ? one.role : one.id) + "(" +
             std::to_string(one.pid) + ")";
  }
  return names;
}

void Signal(const std::vector<Inhabitant>& some, int number) {
  for (const Inhabitant& one : some) ::kill(one.pid, number);
}

// They, and not others that got their numbers since, go on.
std::function<void()> Waker(std::vector<Inhabitant> some, std::string mark) {
  return [some = std::move(some), mark = std::move(mark)] {
    for (const Inhabitant& one : Census(mark)) {
      for (const Inhabitant& stopped : some) {
        if (one.pid == stopped.pid) ::kill(one.pid, SIGCONT);
      }
    }
  };
}

}  // namespace

void Harmer::Begin(const Harm& harm) {
  const std::string name(TraitsOf(harm.kind).name);
  Random random(harm.pick);
  Hit hit = Do(harm, random);
  if (hit.whom.empty()) {
    ++deeds_.withheld[name];
    return timeline_.Note(name + ": withheld; nobody may be hit now");
  }
  if (!hit.stopped.empty()) hit.cure = Waker(hit.stopped, targets_.mark);
  ++deeds_.done[name];
  const std::string what = name + hit.whom;
  if (!hit.cure) return timeline_.Note(what);
  timeline_.Note(what + " for " + std::to_string(harm.lasts_ms) + " ms");
  open_.push_back({what, Deadline(harm.lasts_ms), std::move(hit.cure)});
  int& longest = deeds_.longest_ms[name];
  longest = std::max(longest, harm.lasts_ms);
  deeds_.most_at_once =
      std::max(deeds_.most_at_once, static_cast<int>(open_.size()));
}

void Harmer::HealDue() {
  for (auto one = open_.begin(); one != open_.end();) {
    if (!one->end.IsOver()) {
      ++one;
      continue;
    }
    one->cure();
    timeline_.Note("healed: " + one->what);
    one = open_.erase(one);
  }
}

Harmer::Hit Harmer::Do(const Harm& harm, Random& random) {
  if (harm.kind <= HarmKind::kStopAllBriefly) return HarmNodes(harm, random);
  if (harm.kind <= HarmKind::kStopController) {
    return HarmControllers(harm, random);
  }
  if (harm.kind <= HarmKind::kOutage) return HarmEtcd(harm, random);
  if (harm.kind == HarmKind::kRotate) {
    targets_.papers->Rotate();
    return {" of all members", nullptr};
  }
  return HarmLinks(harm, random);
}

// --- Processes ---

// At most so many nodes that may be hit, in an order drawn by chance.
std::vector<Inhabitant> Harmer::Victims(const Harm& harm, std::size_t most,
                                        Random& random) {
  std::vector<Inhabitant> victims, all = Census(targets_.mark);
  std::erase_if(all, [](const Inhabitant& one) { return one.role != "node"; });
  std::ranges::sort(all, {}, &Inhabitant::id);
  Shuffle(all, random);
  const Damage damage = TraitsOf(harm.kind).damage;
  for (const Inhabitant& one : all) {
    if (victims.size() == most) break;
    if (targets_.budget->Spend({one.id}, damage)) victims.push_back(one);
  }
  return victims;
}

Harmer::Hit Harmer::HarmNodes(const Harm& harm, Random& random) {
  constexpr std::size_t kAll = 1000;
  const bool several = harm.kind == HarmKind::kKillNodes;
  const std::size_t most = harm.kind == HarmKind::kStopAllBriefly ? kAll
                           : several
                               ? static_cast<std::size_t>(random.Between(2, 6))
                               : 1;
  const auto victims = Victims(harm, most, random);
  switch (harm.kind) {
    case HarmKind::kKillNode:
    case HarmKind::kKillNodes:
      Signal(victims, SIGKILL);
      return {Names(victims), nullptr};
    case HarmKind::kTerminateNode:
      Signal(victims, SIGTERM);
      return {Names(victims), nullptr};
    default:
      Signal(victims, SIGSTOP);
      return {Names(victims), nullptr, victims};
  }
}

Harmer::Hit Harmer::HarmControllers(const Harm& harm, Random& random) {
  std::vector<Inhabitant> all = Census(targets_.mark);
  std::erase_if(all, [](const Inhabitant& one) { return one.role == "node"; });
  if (all.empty()) return {};
  std::ranges::sort(all, {}, &Inhabitant::id);
  Shuffle(all, random);
  all.resize(1);
  if (harm.kind == HarmKind::kKillController) {
    Signal(all, SIGKILL);
    return {Names(all), nullptr};
  }
  Signal(all, SIGSTOP);
  return {Names(all), nullptr, all};
}

// --- Etcd ---

Harmer::Hit Harmer::HarmEtcd(const Harm& harm, Random& random) {
  EtcdCluster* const etcd = targets_.etcd;
  std::size_t member = random.Next() % etcd->size();
  // The leader is the one that hurts.
  const auto leader = random.Chance(50) ? etcd->Leader() : std::nullopt;
  if (leader && harm.kind != HarmKind::kMoveLeader) member = *leader;
  const std::string whom = " member " + std::to_string(member);
  switch (harm.kind) {
    case HarmKind::kKillMember:
      if (!etcd->IsUp(member)) return {};
      etcd->Kill(member);
      return {whom, [etcd, member] {
                if (!etcd->IsUp(member)) etcd->Restart(member);
              }};
    case HarmKind::kStopMember:
      if (!etcd->IsUp(member)) return {};
      etcd->Pause(member);
      return {whom, [etcd, member] { etcd->Continue(member); }};
    case HarmKind::kMoveLeader:
      return etcd->MoveLeader(member) ? Hit{whom, nullptr} : Hit{};
    case HarmKind::kCompact:
      return etcd->Compact() ? Hit{" to the present", nullptr} : Hit{};
    default:
      return Outage();
  }
}

Harmer::Hit Harmer::Outage() {
  EtcdCluster* const etcd = targets_.etcd;
  for (std::size_t i = 0; i < etcd->size(); ++i) etcd->Kill(i);
  return {" of all members", [etcd] {
            for (std::size_t i = 0; i < etcd->size(); ++i) {
              if (!etcd->IsUp(i)) etcd->Restart(i);
            }
          }};
}

// --- The network ---

NodeSet Harmer::NodesOf(const std::vector<int>& hosts) const {
  NodeSet nodes;
  for (const Inhabitant& one : Census(targets_.mark)) {
    for (const int host : hosts) {
      if (one.role == "node" && one.id.starts_with(SpreadJob::PrefixOf(host))) {
        nodes.insert(one.id);
      }
    }
  }
  return nodes;
}

bool Harmer::MayHit(const Harm& harm, const std::vector<int>& hosts) {
  return targets_.budget->Spend(NodesOf(hosts), TraitsOf(harm.kind).damage);
}

Harmer::Hit Harmer::HarmLinks(const Harm& harm, Random& random) {
  const int all = targets_.network->size();
  const int host = random.Between(0, targets_.hosts - 1);
  const int other =
      (host + random.Between(1, std::max(1, targets_.hosts - 1))) %
      targets_.hosts;
  switch (harm.kind) {
    case HarmKind::kPartition: {
      std::vector<int> hosts;
      for (int i = 0; i < targets_.hosts; ++i) hosts.push_back(i);
      const bool may = hosts.size() > 1 && MayHit(harm, hosts);
      return may ? Partition(random) : Hit{};
    }
    case HarmKind::kOneWay:
      if (host == other || !MayHit(harm, {host, other})) return {};
      return Cut(
          " from host " + std::to_string(host) + " to " + std::to_string(other),
          {{host, other}});
    case HarmKind::kCutOff:
      if (!MayHit(harm, {host})) return {};
      return CutFrom(host, targets_.hosts, all, random.Chance(50));
    case HarmKind::kIsolate:
      if (!MayHit(harm, {host})) return {};
      return CutFrom(host, 0, all, true);
    case HarmKind::kCutMember:
      return CutFrom(random.Between(targets_.hosts, all - 1), 0, all, true);
    default:
      return MayHit(harm, {host}) ? HarmHost(harm, host, random) : Hit{};
  }
}

// Every host is on one of two sides; the etcds are on both.
Harmer::Hit Harmer::Partition(Random& random) {
  const int sides = random.Between(1, (1 << targets_.hosts) - 2);
  std::vector<std::pair<int, int>> ways;
  std::string whom = " host";
  for (int from = 0; from < targets_.hosts; ++from) {
    const int side = (sides >> from) & 1;
    if (side == 1) whom += " " + std::to_string(from);
    for (int to = 0; to < targets_.hosts; ++to) {
      if (side != ((sides >> to) & 1)) ways.emplace_back(from, to);
    }
  }
  return Cut(whom + " from the others", std::move(ways));
}

Harmer::Hit Harmer::Cut(const std::string& whom,
                        std::vector<std::pair<int, int>> ways) {
  HostNetwork* const network = targets_.network;
  for (const auto& [from, to] : ways) network->Cut(from, to);
  return {whom, [network, ways = std::move(ways)] {
            for (const auto& [from, to] : ways) network->Mend(from, to);
          }};
}

Harmer::Hit Harmer::CutFrom(int host, int first, int last, bool both_ways) {
  std::vector<std::pair<int, int>> ways;
  for (int other = first; other < last; ++other) {
    if (other == host) continue;
    ways.emplace_back(other, host);
    if (both_ways) ways.emplace_back(host, other);
  }
  return Cut(" host " + std::to_string(host) + (both_ways ? "" : " one way"),
             std::move(ways));
}

Harmer::Hit Harmer::HarmHost(const Harm& harm, int host, Random& random) {
  HostNetwork* const network = targets_.network;
  const std::string whom = " host " + std::to_string(host);
  switch (harm.kind) {
    case HarmKind::kLinkDown:
      network->TakeLinkDown(host);
      return {whom, [network, host] { network->BringLinkUp(host); }};
    case HarmKind::kLoss: {
      const int percent = random.LogBetween(1, 15);
      network->Lose(host, percent);
      return {whom + " of " + std::to_string(percent) + " %",
              [network, host] { network->Lose(host, 0); }};
    }
    case HarmKind::kNarrow: {
      const int kbit = random.LogBetween(256, 8192);
      network->Narrow(host, kbit);
      return {whom + " to " + std::to_string(kbit) + " kbit/s",
              [network, host] { network->Narrow(host, 0); }};
    }
    default: {
      ProxyOrders orders;
      if (harm.kind == HarmKind::kDelay) {
        orders.delay_ms_max = random.LogBetween(2, 500);
      } else {
        orders.break_every_ms = random.LogBetween(5, 500);
      }
      const std::string file = targets_.orders + std::to_string(host);
      WriteOrders(file, orders);
      return {whom + " by " +
                  std::to_string(orders.delay_ms_max + orders.break_every_ms) +
                  " ms",
              [file] { WriteOrders(file, {}); }};
    }
  }
}

}  // namespace taskgraph::storm
