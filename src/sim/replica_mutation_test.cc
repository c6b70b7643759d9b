// SPDX-License-Identifier: Apache-2.0
//
// Ways to betray a backup: each test breaks the protocol of hot standbys in one
// way, by changing what replicas say to each other, and some seed must notice
// (R4, R15-R20).
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "core/turn_content.h"
#include "sim/run.h"

namespace taskgraph::sim {
namespace {

constexpr Seed kSeedsMax = 400;
constexpr core::RecordNumber kAll = std::numeric_limits<std::uint32_t>::max();

// The rule that a broken world is seen to break first; empty: none.
std::string FirstBroken(const RunOptions& broken, Seed seeds = kSeedsMax) {
  for (Seed seed = 1; seed <= seeds; ++seed) {
    const RunReport report = RunSeed(seed, broken);
    if (!report.ok()) return report.violation->rule;
  }
  return {};
}

// Changes every message of one kind between replicas.
template <typename Body>
RunOptions Betraying(std::function<void(Body&)> change) {
  RunOptions broken;
  broken.falsify = [change](core::NodeMessage& message, Random&) {
    auto* replica = std::get_if<core::ReplicaMessage>(&message);
    if (replica == nullptr) return;
    if (auto* body = std::get_if<Body>(&replica->body)) change(*body);
  };
  return broken;
}

// Changes what every record says.
RunOptions Misreporting(std::function<void(core::TurnContent&)> change) {
  return Betraying<core::LogAppend>([change](core::LogAppend& append) {
    for (core::TurnRecord& record : append.records) {
      core::TurnContent turn = *core::DecodeTurn(record.content);
      change(turn);
      record.content = core::Encode(turn);
    }
  });
}

TEST(ReplicaMutation, NothingIsBrokenByLookingOnAlone) {
  const RunOptions harmless = Misreporting([](core::TurnContent&) {});
  EXPECT_EQ(FirstBroken(harmless, 100), "");
}

// The seal shows it (core/sealed.h), and another one is asked for.
TEST(ReplicaMutation, NothingIsBrokenByAFlippedBitInASnapshot) {  // R20
  const auto flipped = std::make_shared<int>(0);
  RunOptions harmless;
  harmless.falsify = [flipped](core::NodeMessage& message, Random& random) {
    auto* replica = std::get_if<core::ReplicaMessage>(&message);
    if (replica == nullptr) return;
    auto* invitation = std::get_if<core::Invitation>(&replica->body);
    if (invitation == nullptr || random.Chance(0.5)) return;
    Payload& part =
        random.Chance(0.5) ? invitation->books.bytes : invitation->state.bytes;
    if (part.empty()) return;
    std::string damaged(part.text());
    damaged[random.Below(damaged.size())] ^=
        static_cast<char>(1 << random.Below(8));
    part = Payload::Own(std::move(damaged));
    ++*flipped;
  };
  EXPECT_EQ(FirstBroken(harmless, 100), "");
  EXPECT_GT(*flipped, 100);
}

TEST(ReplicaMutation, EffectsThatDoNotWaitForTheRecord) {  // R15
  EXPECT_NE(FirstBroken(Betraying<core::LogAck>(
                [](core::LogAck& ack) { ack.held = kAll; })),
            "");
}

// It goes on to say yes to a primary that it has replaced, which hears of it
// from no one else: it must be cut off from the coordinator, too.
TEST(ReplicaMutation, ABackupThatFollowsTwoPrimaries) {  // R16
  using Stay = std::pair<TaskId, core::JoinNumber>;
  const auto last = std::make_shared<std::map<Stay, core::LogAppend>>();
  RunOptions broken;
  broken.falsify = [last](core::NodeMessage& message, Random&) {
    auto* replica = std::get_if<core::ReplicaMessage>(&message);
    if (replica == nullptr) return;
    if (const auto* append = std::get_if<core::LogAppend>(&replica->body)) {
      (*last)[{replica->task, append->join}] = *append;
    } else if (const auto* gone =
                   std::get_if<core::ReplicaGone>(&replica->body)) {
      const core::LogAppend& heard = (*last)[{replica->task, gone->join}];
      replica->body = core::LogAck{heard.term, heard.join, kAll, heard.stamp};
    }
  };
  broken.kinds = {FaultKind::kCutNodes, FaultKind::kCutFromCoordinator};
  EXPECT_NE(FirstBroken(broken), "");
}

TEST(ReplicaMutation, ABackupThatAppliesWhatOthersMayLack) {  // R4
  EXPECT_NE(FirstBroken(Betraying<core::LogAppend>(
                [](core::LogAppend& append) { append.committed = kAll; })),
            "");
}

TEST(ReplicaMutation, ABackupThatForgetsWhatWasHeard) {  // R17
  EXPECT_NE(FirstBroken(Misreporting([](core::TurnContent& turn) {
              if (std::holds_alternative<core::HearMeta>(turn.cause)) {
                turn.cause = core::TakeData{};
              }
            })),
            "");
}

TEST(ReplicaMutation, ABackupThatForgetsWhatWasServed) {  // R14, R17
  EXPECT_NE(FirstBroken(Misreporting([](core::TurnContent& turn) {
              if (std::holds_alternative<core::ServeRequest>(turn.cause)) {
                turn.cause = core::TakeData{};
              }
            })),
            "");
}

TEST(ReplicaMutation, ABackupThatForgetsWhatWasAnswered) {  // R12, R17
  EXPECT_NE(FirstBroken(Misreporting([](core::TurnContent& turn) {
              if (auto* data = std::get_if<core::TakeData>(&turn.cause)) {
                data->number = 0;
              }
            })),
            "");
}

TEST(ReplicaMutation, ABackupThatForgetsWhatWasSent) {  // R18
  EXPECT_NE(FirstBroken(Misreporting(
                [](core::TurnContent& turn) { turn.effects.ordered.clear(); })),
            "");
}

TEST(ReplicaMutation, ABackupThatMissesUpdates) {  // R15
  EXPECT_NE(FirstBroken(Misreporting(
                [](core::TurnContent& turn) { turn.effects.updates.clear(); })),
            "");
}

TEST(ReplicaMutation, ABackupThatForgetsThatTheEpochIsToAdvance) {  // R15
  RunOptions broken = Misreporting([](core::TurnContent& turn) {
    turn.effects.advance_epoch = false;
    turn.effects.finish.reset();
  });
  broken.kinds = {FaultKind::kKillNode, FaultKind::kCutFromCoordinator,
                  FaultKind::kLoseCall};
  EXPECT_NE(FirstBroken(broken), "");
}

TEST(ReplicaMutation, AJoinerWhoseStateIsOld) {  // R20
  const auto first = std::make_shared<core::Sealed>();
  EXPECT_NE(FirstBroken(Betraying<core::Invitation>(
                [first](core::Invitation& invitation) {
                  if (first->bytes.empty()) *first = invitation.state;
                  invitation.state = *first;
                })),
            "");
}

TEST(ReplicaMutation, AJoinerWhoClaimsToHaveMoreThanItsSnapshot) {  // R20
  EXPECT_NE(FirstBroken(Betraying<core::Invitation>(
                [](core::Invitation& invitation) { ++invitation.applied; })),
            "");
}

}  // namespace
}  // namespace taskgraph::sim
