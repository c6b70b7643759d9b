// SPDX-License-Identifier: Apache-2.0
#include "samples.h"

#include <string>

namespace fuzz {

using namespace taskgraph;        // NOLINT(google-build-using-namespace)
using namespace taskgraph::core;  // NOLINT(google-build-using-namespace)

namespace {

constexpr Route kRoute{1, 0, 1, 1, 1, 1, 1};
constexpr RequestId kAsked{1, 1, 1, 1};  // By task 1, of task 0.
constexpr RequestId kAsking{0, 1, 1, 1};

TurnEffects AllEffects() {
  TurnEffects effects;
  effects.updates = {Payload::Own("x += 1"), {}};
  effects.ordered = {
      FlagMeta{"star", "ready"},
      MakeRequest{1, 1, "Get", "key", Payload::Own("input")}, CancelRequest{1},
      GiveAnswer{kAsked, {}, Payload::Own("output")},
      GiveAnswer{{2, 1, 1, 5}, Error{ErrorCode::kHandlerError, "no"}, {}}};
  effects.advance_epoch = true;
  effects.finish = ExitStatus{-3, "stopped"};
  return effects;
}

}  // namespace

Links SampleLinks() { return Links({{"star", Star()}}, 4); }

std::vector<NodeMessage> SampleMessages() {
  std::vector<TurnRecord> records;
  for (const TurnContent& turn : SampleTurns()) {
    records.push_back({records.size() + 1, 1, Encode(turn)});
  }
  return {
      Message{kRoute, MetaMessage{1, 1, "star", "ready"}},
      Message{kRoute, MetaAck{1, 1}},
      Message{kRoute, RequestMessage{kAsked, 1, "Get", "", Payload::Own("in")}},
      Message{kRoute, RequestMessage{{1, 1, 1, 2}, 1, "Get", "key", {}}},
      Message{kRoute,
              AnswerMessage{kAsking, std::nullopt, Payload::Own("out")}},
      Message{
          kRoute,
          AnswerMessage{kAsking, Error{ErrorCode::kHandlerError, "no"}, {}, 1}},
      Message{kRoute, Refusal{ErrorCode::kMoved, 2}},
      EpochNews{1, 2},
      Suspicion{"m", "silent for 1 s"},
      ReplicaMessage{0, 1, 1, LogAppend{1, 0, 0, 2, 3, records}},
      ReplicaMessage{0, 1, 1, LogAck{1, 0, 2, 3, 0}},
      ReplicaMessage{0, 1, 1, ReplicaGone{1, 0}},
      ReplicaMessage{0, 1, 1, SnapshotOrder{1, 1, 1, 0, "o"}},
      ReplicaMessage{0, 1, 1,
                     Invitation{1, 1, 1, 2, Seal(Payload::Own("books")),
                                Seal(Payload::Own("state"))}}};
}

std::vector<TurnContent> SampleTurns() {
  std::vector<TurnContent> turns;
  const std::vector<Cause> causes = {
      InitTask{},
      InitTask{12},
      EnterEpoch{1},
      HearMeta{1, 1, 1, "star", "ready", 1},
      ServeRequest{kAsked, "Get", {}, "key", 1},
      TakeData{1, 0, {}, {}},
      HearFailure{{1, 0, {}, {}}},
      NeighborLost{{2, {}, 1}},
      NeighborBack{{2, {}, 2}},
      CompareState{"turn 3", Payload::Own("state")}};
  for (const Cause& cause : causes) turns.push_back({1, {}, cause, {}});
  turns.push_back({1, {{1, 1}, {2, 1}}, EnterEpoch{}, AllEffects()});
  return turns;
}

}  // namespace fuzz
