// SPDX-License-Identifier: Apache-2.0
//
// A controller (core/controller_core.h) between a coordinator and peers that
// may say anything. An input is a sequence of events.
#include <algorithm>

#include "coordination/job_records.h"
#include "core/controller_core.h"
#include "core/wire.h"
#include "fuzz.h"
#include "samples.h"

namespace {

using namespace taskgraph;        // NOLINT(google-build-using-namespace)
using namespace taskgraph::core;  // NOLINT(google-build-using-namespace)

enum Happens : std::uint8_t {
  kJoined,      // A node's record.
  kLeft,        // A node.
  kAssignment,  // A digit, the task; then its record.
  kEpoch,
  kMessage,  // The head of one.
  kGone,     // A node, as a probe found.
  kStood,    // For election: 'w' or 'l'.
  kThere,    // The coordinator: 'y' or 'n'.
  kDecided,  // What was proposed last.
  kEnded,    // The job: a status.
  kTimePasses,
  kKinds
};

constexpr TaskId kTasks = 4;

ControllerOptions WithBackups() {
  ControllerOptions options;
  options.options.backups.each = 1;
  return options;
}

class Stage {
 public:
  void Play(const fuzz::Tagged& event) {
    const std::string text(event.rest);
    switch (event.kind % kKinds) {
      case kJoined:
        if (const auto node = coordination::DecodeNode(text)) {
          Do(NodeJoined{*node});
        }
        return;
      case kLeft:
        return Do(NodeLeft{text});
      case kAssignment:
        return Assign(text);
      case kEpoch:
        if (const auto epoch = coordination::DecodeEpoch(text)) Do(*epoch);
        return;
      case kMessage:
        if (auto message = Decode(text, {})) {
          Do(MessageArrived{"m", std::move(message).value()});
        }
        return;
      case kGone:
        return Do(PeerProbed{text, PeerProbed::Verdict::kGone});
      case kStood:
        return text == "w" ? Do(ElectionWon{}) : Do(ElectionLost{});
      case kThere:
        return text == "y" ? Do(CoordinatorCameBack{})
                           : Do(CoordinatorWentAway{});
      case kDecided:
        return Do(AssignmentsDecided{proposed_});
      case kEnded:
        if (const auto end = coordination::DecodeEnd(text)) Do(JobEnded{*end});
        return;
      default:
        now_ += 1s;
        return Do(DeadlinePassed{});
    }
  }

 private:
  void Assign(const std::string& text) {
    if (text.empty()) return;
    const auto record = coordination::DecodeAssignment(text.substr(1));
    if (!record) return;
    Do(AssignmentChanged{static_cast<TaskId>(text[0] - '0'), *record});
  }

  void Do(Input input) {
    for (const Output& order : core_.Step(std::move(input), now_)) {
      const auto* proposal = std::get_if<ProposeAssignments>(&order);
      if (proposal == nullptr) continue;
      proposed_.clear();
      for (const AssignmentChange& change : proposal->changes) {
        proposed_.push_back(change.task);
        Check(change);
      }
    }
  }

  void Check(const AssignmentChange& change) const {
    const Assignment& next = change.next;
    fuzz::Require(
        coordination::DecodeAssignment(coordination::Encode(next)) == next,
        "what is proposed can be read by all");
    fuzz::Require(!next.HasPrimary() ||
                      next.primary == change.expected.primary ||
                      core_.nodes().contains(next.primary),
                  "a task is given to a node that is there");
    if (next.began != next.term) return;  // Others had a hand in it.
    std::vector<NodeId> replicas = next.Replicas();
    std::sort(replicas.begin(), replicas.end());
    fuzz::Require(
        std::adjacent_find(replicas.begin(), replicas.end()) == replicas.end(),
        "a node has one replica of a task");
  }

  ControllerCore core_{"c", kTasks, WithBackups()};
  Time now_ = 1s;
  std::vector<TaskId> proposed_;
};

std::string Joined(const NodeId& node, const std::string& host) {
  return fuzz::Tag(kJoined, coordination::Encode(NodeRecord{
                                node, host, 4, 0, {"tcp:" + host + ":7"}}));
}

std::string Assigned(TaskId task, const Assignment& record) {
  return fuzz::Tag(kAssignment,
                   std::to_string(task) + coordination::Encode(record));
}

}  // namespace

void fuzz::Try(std::string_view bytes) {
  Stage stage;
  PlayAll(bytes, stage);
}

std::vector<std::string> fuzz::Seeds() {
  const std::vector<std::string> begun = {
      Tag(kThere, "y"),
      Tag(kEpoch, coordination::Encode(EpochAdvanced{1, 1})),
      Joined("m", "one"),
      Joined("o", "two"),
      Tag(kStood, "w"),
      Tag(kTimePasses, ""),
      Tag(kTimePasses, ""),
      Tag(kTimePasses, "")};
  const auto and_then = [&](std::vector<std::string> more) {
    more.insert(more.begin(), begun.begin(), begun.end());
    return Join(more);
  };
  std::vector<std::string> placed;
  for (TaskId task = 0; task < kTasks; ++task) {
    placed.push_back(Assigned(task, {1, 1, "m", {"o"}, 0, "", 1}));
  }
  placed.push_back(Tag(kDecided, ""));
  std::vector<std::string> lost = placed;
  for (const std::string& event :
       {Tag(kMessage, Encode(NodeMessage(Suspicion{"m", "silent"})).head),
        Tag(kGone, "m"), Tag(kLeft, "m"), Tag(kDecided, ""), Tag(kThere, "n"),
        Tag(kThere, "y"), Tag(kStood, "l"), Tag(kStood, "w")}) {
    lost.push_back(event);
  }
  std::vector<std::string> failed = placed;
  failed.push_back(Assigned(1, {2, 2, "", {}, 9, "it threw", 0}));
  failed.push_back(
      Tag(kEnded, coordination::Encode(JobEnd{ExitReason::kFailed, {1, ""}})));
  for (int i = 0; i < 11; ++i) failed.push_back(Tag(kTimePasses, ""));
  std::vector<std::string> joining = placed;
  joining.push_back(Assigned(2, {1, 1, "m", {}, 0, "", 1, {"gone"}, 1}));
  return {and_then({}), and_then(placed), and_then(lost), and_then(failed),
          and_then(joining)};
}
