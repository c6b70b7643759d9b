// SPDX-License-Identifier: Apache-2.0
//
// A whole node (core/node_core.h) between a coordinator and peers that may say
// anything. An input is a sequence of events; what a task does in its turns is
// part of it.
#include <deque>
#include <utility>

#include "coordination/job_records.h"
#include "core/node_core.h"
#include "core/wire.h"
#include "fuzz.h"
#include "samples.h"

namespace {

using namespace taskgraph;        // NOLINT(google-build-using-namespace)
using namespace taskgraph::core;  // NOLINT(google-build-using-namespace)

enum Happens : std::uint8_t {
  kMessage,     // From node m: the head, up to a '|' that the body follows.
  kAssignment,  // A digit, the task; then its record.
  kEpoch,       // As the coordinator has it.
  kTurnEnds,    // The oldest one that runs; see EffectsOf.
  kPeerLost,
  kTimePasses,
  kKinds
};

JobOptions SmallLimits() {
  JobOptions options;
  options.limits.held_messages_max = 16;
  options.limits.backlog_bytes_max = 4096;
  options.limits.log_bytes_max = 8192;
  options.backups.check_every = 3;
  return options;
}

// Node "n", of a job with SampleLinks.
class Stage {
 public:
  Stage() : core_("n", links_, options_) {
    Do(NodeJoined{{"m", "host", 4, 0, {}}});
    Do(NodeJoined{{"o", "host", 4, 0, {}}});
    Do(PeerFound{"m"});
  }

  void Play(const fuzz::Tagged& event) {
    switch (event.kind % kKinds) {
      case kMessage:
        return Hear(event.rest);
      case kAssignment:
        return Assign(event.rest);
      case kEpoch:
        if (const auto epoch =
                coordination::DecodeEpoch(std::string(event.rest))) {
          Do(*epoch);
        }
        return;
      case kTurnEnds:
        return EndTurn(event.rest);
      case kPeerLost:
        Do(PeerLost{"m", "it broke",
                    event.rest.empty() ? PeerLost::Shows::kLittle
                                       : PeerLost::Shows::kDeath});
        return Do(PeerFound{"m"});
      default:
        now_ += 1s;
        return Do(DeadlinePassed{});
    }
  }

 private:
  void Hear(std::string_view text) {
    const std::size_t bar = text.find('|');
    const std::string_view body =
        bar == std::string_view::npos ? "" : text.substr(bar + 1);
    auto message = Decode(text.substr(0, bar), Payload::Own(std::string(body)));
    if (message) Do(MessageArrived{"m", std::move(message).value()});
  }

  void Assign(std::string_view text) {
    if (text.empty()) return;
    const auto record =
        coordination::DecodeAssignment(std::string(text.substr(1)));
    if (record) {
      Do(AssignmentChanged{static_cast<TaskId>(text[0] - '0'), *record});
    }
  }

  void EndTurn(std::string_view text) {
    if (turns_.empty()) return;
    const RunTurn turn = std::move(turns_.front());
    turns_.pop_front();
    TurnEffects effects;
    effects.begun = core_.MayBegin(turn.replica);
    if (effects.begun) effects = EffectsOf(turn, text);
    Do(TurnFinished{turn.replica, std::move(effects)});
  }

  // Whatever a task may ask for; what it may not, Turn refuses.
  static TurnEffects EffectsOf(const RunTurn& turn, std::string_view text) {
    TurnEffects effects;
    if (std::holds_alternative<TakeSnapshot>(turn.cause)) {
      effects.snapshot = Seal(Payload::Own(std::string(text)));
      return effects;
    }
    RequestNumber next = turn.context.next_request;
    for (const char c : text) {
      if (c == 'm') effects.ordered.push_back(FlagMeta{"star", "ready"});
      if (c == 'r') {
        effects.ordered.push_back(MakeRequest{next++, 1, "Get", "", {}});
      }
      if (c == 'c') effects.ordered.push_back(CancelRequest{next - 1});
      if (c == 'a') {
        if (const auto* ask = std::get_if<ServeRequest>(&turn.cause)) {
          effects.ordered.push_back(GiveAnswer{ask->id, {}, {}});
        }
      }
      if (c == 'u') effects.updates.push_back(Payload::Own(std::string(text)));
      if (c == 'e') effects.advance_epoch = true;
      if (c == 'f') effects.finish = ExitStatus{1, "done"};
      if (c == 'x') effects.failure = "it threw";
      if (c == 'd' && std::holds_alternative<CompareState>(turn.cause)) {
        effects.difference = "byte 0";
      }
      if (c == 'q') effects.retire = true;
    }
    return effects;
  }

  void Do(Input input) {
    for (Output& order : core_.Step(std::move(input), now_)) {
      if (auto* turn = std::get_if<RunTurn>(&order)) {
        turns_.push_back(std::move(*turn));
      } else if (const auto* send = std::get_if<SendMessage>(&order)) {
        const WireFrame frame = Encode(send->message);
        const auto read = Decode(frame.head, frame.body);
        fuzz::Require(read.ok() && *read == send->message,
                      "peers can read what the node sends");
      }
    }
    fuzz::Require(turns_.size() <= 2 * links_.tasks(),
                  "a task has one turn at a time");
  }

  const Links links_ = fuzz::SampleLinks();
  const JobOptions options_ = SmallLimits();
  NodeCore core_;
  Time now_ = 1s;
  std::deque<RunTurn> turns_;
};

std::string Assigned(TaskId task, const Assignment& record) {
  return fuzz::Tag(kAssignment,
                   std::to_string(task) + coordination::Encode(record));
}

std::string Said(const NodeMessage& message) {
  const WireFrame frame = Encode(message);
  return fuzz::Tag(kMessage, frame.head + "|" + std::string(frame.body.text()));
}

// All is assigned; task 0 is as `record` says.
std::vector<std::string> Beginning(const Assignment& record) {
  std::vector<std::string> events = {
      fuzz::Tag(kEpoch, coordination::Encode(EpochAdvanced{1, 1}))};
  for (TaskId task : {1, 2, 3}) {
    events.push_back(Assigned(task, {1, 1, "m", {}, 0, "", 1}));
  }
  events.push_back(Assigned(0, record));
  return events;
}

}  // namespace

void fuzz::Try(std::string_view bytes) {
  Stage stage;
  PlayAll(bytes, stage);
}

std::vector<std::string> fuzz::Seeds() {
  std::vector<std::string> seeds;
  const std::vector<Assignment> roles = {{1, 1, "n", {}, 0, "", 1},
                                         {1, 1, "n", {"m"}, 0, "", 1},
                                         {1, 1, "n", {}, 0, "", 1, {"m"}, 1},
                                         {1, 1, "m", {"n"}, 0, "", 1},
                                         {1, 1, "m", {}, 0, "", 1, {"n"}, 1}};
  for (const Assignment& role : roles) {
    std::vector<std::string> events = Beginning(role);
    std::size_t turn = 0;
    for (const NodeMessage& message : SampleMessages()) {
      const std::string_view effects[] = {"", "mru", "a", "c"};
      events.push_back(Tag(kTurnEnds, effects[turn++ % 4]));
      events.push_back(Said(message));
    }
    events.push_back(Tag(kPeerLost, "!"));
    events.push_back(Assigned(0, role.PromotedTo("n")));
    events.push_back(Tag(kTurnEnds, "m"));
    events.push_back(Tag(kTimePasses, ""));
    seeds.push_back(Join(events));
  }
  // A backup that got a snapshot of real books, and is promoted.
  std::vector<std::string> events = Beginning(roles.back());
  const Directory directory(4);
  TaskBooks books(0, directory);
  books.Enter(1, SampleLinks().Neighbors(0, 1).value());
  events.push_back(Said(ReplicaMessage{
      0, 1, 1,
      Invitation{1, 1, 1, 0, Seal(books.Copy({})), Seal(Payload::Own("s"))}}));
  for (int i = 0; i < 3; ++i) events.push_back(Tag(kTurnEnds, ""));
  Assignment joined = roles[3];
  joined.joins = 1;
  events.push_back(Assigned(0, joined));
  events.push_back(Assigned(0, joined.PromotedTo("n")));
  for (int i = 0; i < 3; ++i) events.push_back(Tag(kTurnEnds, "rm"));
  seeds.push_back(Join(events));
  return seeds;
}
