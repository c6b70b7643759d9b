// SPDX-License-Identifier: Apache-2.0
#include "sim/crash_point.h"

#include <array>
#include <string_view>
#include <variant>

namespace taskgraph::sim {
namespace {

// In the order of a variant's alternatives.
template <typename Variant>
using Names = std::array<std::string_view, std::variant_size_v<Variant>>;

constexpr Names<core::Input> kFacts = {"AssignmentChanged",
                                       "EpochAdvanced",
                                       "NodeJoined",
                                       "NodeLeft",
                                       "ControllerChanged",
                                       "JobEnded",
                                       "CoordinatorWentAway",
                                       "CoordinatorCameBack",
                                       "EpochDecided",
                                       "AssignmentsDecided",
                                       "MessageArrived",
                                       "PeerFound",
                                       "PeerLost",
                                       "PeerProbed",
                                       "ProcessExited",
                                       "TurnFinished",
                                       "ElectionWon",
                                       "ElectionLost",
                                       "StopRequested",
                                       "DeadlinePassed"};
constexpr Names<core::Output> kOrders = {
    "SendMessage",        "SetPeer",     "ProbePeer",    "RunTurn",
    "StopTurn",           "DropTask",    "ProposeEpoch", "ProposeEnd",
    "ProposeAssignments", "FollowEpoch", "EndSession",   "LeaveJob",
    "RemoveJob"};
constexpr Names<core::Body> kBodies = {"Meta", "MetaAck", "Request", "Answer",
                                       "Refusal"};
constexpr Names<core::ReplicaBody> kReplicaBodies = {
    "LogAppend", "LogAck", "ReplicaGone", "SnapshotOrder", "Invitation"};
constexpr Names<core::Cause> kCauses = {
    "InitTask",    "EnterEpoch",  "HearMeta",     "ServeRequest",
    "TakeData",    "HearFailure", "NeighborLost", "NeighborBack",
    "ExitTask",    "ChangeRole",  "TakeSnapshot", "ApplyUpdates",
    "CompareState"};
constexpr std::string_view kEpochNews = "EpochNews";
constexpr std::string_view kSuspicion = "Suspicion";

struct MessageName {
  std::string_view operator()(const core::Message& message) const {
    return kBodies[message.body.index()];
  }
  std::string_view operator()(const core::ReplicaMessage& message) const {
    return kReplicaBodies[message.body.index()];
  }
  std::string_view operator()(const core::EpochNews&) const {
    return kEpochNews;
  }
  std::string_view operator()(const core::Suspicion&) const {
    return kSuspicion;
  }
};

std::string Join(std::string_view a, std::string_view b) {
  return std::string(a) + " " + std::string(b);
}

// What a message can be, behind `what`.
void AddMessages(std::string_view what, std::vector<std::string>& names) {
  for (const auto body : kBodies) names.push_back(Join(what, body));
  for (const auto body : kReplicaBodies) names.push_back(Join(what, body));
  names.push_back(Join(what, kEpochNews));
  names.push_back(Join(what, kSuspicion));
}

}  // namespace

std::string NameOf(const core::Input& fact) {
  const std::string_view name = kFacts[fact.index()];
  const auto* arrived = std::get_if<core::MessageArrived>(&fact);
  return arrived == nullptr
             ? std::string(name)
             : Join(name, std::visit(MessageName{}, arrived->message));
}

std::string NameOf(const core::Output& order) {
  const std::string_view name = kOrders[order.index()];
  if (const auto* send = std::get_if<core::SendMessage>(&order)) {
    return Join(name, std::visit(MessageName{}, send->message));
  }
  if (const auto* turn = std::get_if<core::RunTurn>(&order)) {
    return Join(name, kCauses[turn->cause.index()]);
  }
  return std::string(name);
}

std::string NameOf(const coordination::Change& change,
                   const coordination::JobKeys& keys) {
  const std::string& key = change.current.key;
  std::string name;
  if (keys.AssignedTask(key)) name = "assignment";
  if (keys.RegisteredNode(key)) name = "node";
  if (key == keys.controller()) name = "controller";
  if (key == keys.epoch()) name = "clock";
  if (key == keys.spec()) name = "spec";
  if (key == keys.status()) name = "status";
  const bool gone = change.kind == coordination::Change::Kind::kDelete;
  return gone && !name.empty() ? "no " + name : name;
}

std::vector<std::string> AllFacts() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kFacts.size(); ++i) {
    if (core::Input(std::in_place_type<core::MessageArrived>).index() == i) {
      AddMessages(kFacts[i], names);
    } else {
      names.emplace_back(kFacts[i]);
    }
  }
  return names;
}

std::vector<std::string> AllOrders() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kOrders.size(); ++i) {
    if (core::Output(std::in_place_type<core::SendMessage>).index() == i) {
      AddMessages(kOrders[i], names);
    } else if (core::Output(std::in_place_type<core::RunTurn>).index() == i) {
      for (const auto cause : kCauses) names.push_back(Join(kOrders[i], cause));
    } else {
      names.emplace_back(kOrders[i]);
    }
  }
  return names;
}

std::vector<std::string> AllKeys() {
  std::vector<std::string> names;
  for (const char* key :
       {"assignment", "clock", "controller", "node", "spec", "status"}) {
    names.emplace_back(key);
    names.push_back(std::string("no ") + key);
  }
  return names;
}

}  // namespace taskgraph::sim
