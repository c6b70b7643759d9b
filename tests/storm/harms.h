// SPDX-License-Identifier: Apache-2.0
//
// Harms: what a storm can do to a job, each kind in one line of a table.
//
// Intuition: a harm begins, lasts, and is healed. The table says what it needs
// around it, how long it may last, and what those whom it hits may lose by it;
// budget.h decides by the latter who may be hit.
#pragma once

#include <array>
#include <string_view>

#include "storm/setting.h"

namespace taskgraph::storm {

enum class HarmKind {
  kKillNode,
  kKillNodes,
  kTerminateNode,
  kStopBriefly,
  kStopLong,
  kStopAllBriefly,
  kKillController,
  kStopController,
  kKillMember,
  kStopMember,
  kMoveLeader,
  kCompact,
  kOutage,
  kPartition,
  kOneWay,
  kCutOff,
  kIsolate,
  kLinkDown,
  kCutMember,
  kLoss,
  kNarrow,
  kDelay,
  kBreak,
  kRotate,
};

enum class Needs {
  kNothing,
  kEtcd,     // One that is not embedded.
  kCluster,  // Of three members.
  kHosts,
  kCertificates,
};

enum class Damage {
  kNone,   // Tasks stay where they are.
  kParts,  // Nodes may lose each other from sight: a backup may be given up.
  kTakes,  // A node may lose its session as well, and with it what it hosts.
  kKills,  // It does.
};

struct HarmTraits {
  HarmKind kind;
  std::string_view name;
  Needs needs;
  Damage damage;
  int shortest_ms;  // From its begin to its healing.
  int longest_ms;
};

inline constexpr std::array<HarmTraits, 24> kHarms = {{
    // kill -9; who started a node, starts another.
    {HarmKind::kKillNode, "kill_node", Needs::kNothing, Damage::kKills, 0, 0},
    {HarmKind::kKillNodes, "kill_nodes", Needs::kNothing, Damage::kKills, 0, 0},
    {HarmKind::kTerminateNode, "terminate_node", Needs::kNothing,
     Damage::kKills, 0, 0},
    // SIGSTOP and SIGCONT: within the heartbeat timeout, and past the session.
    {HarmKind::kStopBriefly, "stop_briefly", Needs::kNothing, Damage::kParts,
     20, 800},
    {HarmKind::kStopLong, "stop_long", Needs::kNothing, Damage::kTakes, 5000,
     9000},
    {HarmKind::kStopAllBriefly, "stop_all_briefly", Needs::kNothing,
     Damage::kParts, 20, 800},
    // Of `run` it is the launcher, see Plan::kills_launcher.
    {HarmKind::kKillController, "kill_controller", Needs::kHosts, Damage::kNone,
     0, 0},
    {HarmKind::kStopController, "stop_controller", Needs::kNothing,
     Damage::kNone, 200, 6000},
    // Members of etcd.
    {HarmKind::kKillMember, "etcd_kill", Needs::kEtcd, Damage::kNone, 100,
     4000},
    {HarmKind::kStopMember, "etcd_stop", Needs::kCluster, Damage::kNone, 100,
     6000},
    {HarmKind::kMoveLeader, "etcd_move_leader", Needs::kCluster, Damage::kNone,
     0, 0},
    {HarmKind::kCompact, "etcd_compact", Needs::kEtcd, Damage::kNone, 0, 0},
    {HarmKind::kOutage, "etcd_outage", Needs::kEtcd, Damage::kNone, 1000,
     30000},
    // Packet filters. Between hosts, both ways and one way; of one host from
    // all etcds; of one host from everyone.
    {HarmKind::kPartition, "partition", Needs::kHosts, Damage::kParts, 300,
     8000},
    {HarmKind::kOneWay, "one_way", Needs::kHosts, Damage::kParts, 300, 8000},
    {HarmKind::kCutOff, "cut_from_etcd", Needs::kHosts, Damage::kTakes, 300,
     8000},
    {HarmKind::kIsolate, "isolate", Needs::kHosts, Damage::kTakes, 300, 8000},
    {HarmKind::kLinkDown, "link_down", Needs::kHosts, Damage::kTakes, 100,
     6000},
    {HarmKind::kCutMember, "etcd_isolate", Needs::kHosts, Damage::kNone, 300,
     6000},
    {HarmKind::kLoss, "loss", Needs::kHosts, Damage::kTakes, 1000, 8000},
    {HarmKind::kNarrow, "narrow", Needs::kHosts, Damage::kTakes, 1000, 8000},
    // By the proxies between the hosts.
    {HarmKind::kDelay, "delay", Needs::kHosts, Damage::kParts, 1000, 8000},
    {HarmKind::kBreak, "break", Needs::kHosts, Damage::kParts, 500, 5000},
    // All members get new ones, by the same authority.
    {HarmKind::kRotate, "rotate_certificates", Needs::kCertificates,
     Damage::kNone, 0, 0},
}};

// Of `run`, after the last squall: Plan::kills_launcher.
inline constexpr char kKillLauncher[] = "kill_launcher";

constexpr const HarmTraits& TraitsOf(HarmKind kind) {
  return kHarms[static_cast<std::size_t>(kind)];
}

constexpr bool IsPossible(const HarmTraits& traits, const Setting& setting) {
  switch (traits.needs) {
    case Needs::kNothing:
      return true;
    case Needs::kEtcd:
      return setting.store != Store::kEmbedded;
    case Needs::kCluster:
      return setting.store == Store::kEtcd3;
    case Needs::kHosts:
      // Whoever isolates the only member makes an outage.
      return setting.hosts > 0 && (traits.kind != HarmKind::kCutMember ||
                                   setting.store == Store::kEtcd3);
    case Needs::kCertificates:
      return setting.security != Security::kPlain;
  }
  return false;
}

}  // namespace taskgraph::storm
