// SPDX-License-Identifier: Apache-2.0
#include "runtime/hosted_task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "taskgraph/taskgraph.h"

namespace taskgraph::runtime {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr Method<std::string, std::string> kEcho{"Echo"};
constexpr Method<int, int> kNumber{"Number"};

// Does in each callback what the test wants.
class Puppet final : public Task {
 public:
  using Act = std::function<void(Turn&)>;
  explicit Puppet(Act& act) : act_(act) {
    Serve(kEcho,
          [this](Turn& turn, Token<std::string> token, const std::string&) {
            token_ = token;
            act_(turn);
          });
    OnData(kEcho,
           [this](Turn& turn, TaskId, const std::string&) { act_(turn); });
    Serve(kNumber, [this, one = 1](Turn&, Token<int>, const int& number) {
      if (sum_ == 0) Serve(Method<int, int>{"Another"}, [](auto&&...) {});
      sum_ += number + one;
    });
    OnData(kNumber, [](Turn&, TaskId, const int&) {});
  }
  void Init(Turn& turn) override { act_(turn); }
  void EnterEpoch(Turn& turn) override { act_(turn); }
  void MetaReady(Turn& turn, TaskId, const LinkType&,
                 const std::string&) override {
    act_(turn);
  }
  static Token<std::string> token_;
  static int sum_;

 private:
  Act& act_;
};
Token<std::string> Puppet::token_;
int Puppet::sum_ = 0;

class HostedTaskTest : public testing::Test {
 protected:
  HostedTaskTest() : job_("test", 3), around_{Declare(), {}, {}, nullptr} {
    around_.config = {{"rate", "0.5"}};
    around_.options.limits.meta_bytes_max = 10;
    around_.options.limits.metas_per_epoch_max = 2;
    context_.neighbors = std::make_shared<core::NeighborLists>(
        core::NeighborLists{{"all", {0, 1, 2}}});
    host_.emplace(around_);
    Run(core::InitTask{}, [](Turn&) {});
  }
  Job& Declare() {
    job_.Build([this](TaskId) { return std::make_unique<Puppet>(act_); });
    return job_;
  }
  core::TurnEffects Run(core::Cause cause, Puppet::Act act) {
    act_ = std::move(act);
    host_->Prepare();
    core::TurnEffects effects;
    host_->Run(context_, cause, effects);
    context_.next_request += effects.ordered.size();
    return effects;
  }
  // The text that the callback's exception leaves.
  std::string Failure(Puppet::Act act) {
    return Run(core::EnterEpoch{}, std::move(act)).failure.value_or("none");
  }

  Puppet::Act act_;
  Job job_;
  TaskSurroundings around_;
  core::TurnContext context_;
  std::optional<HostedTask> host_;
};

TEST_F(HostedTaskTest, WhatACallbackAsksForBecomesEffectsInOrder) {  // R15
  const auto effects = Run(core::EnterEpoch{}, [](Turn& turn) {
    turn.FlagMeta("all", "a");
    turn.Request(1, kEcho, "hello", "key");
    turn.AdvanceEpoch();
  });

  ASSERT_EQ(effects.ordered.size(), 2U);
  EXPECT_EQ(std::get<core::FlagMeta>(effects.ordered[0]).text, "a");
  const auto& request = std::get<core::MakeRequest>(effects.ordered[1]);
  EXPECT_EQ(request.to, 1U);
  EXPECT_EQ(request.key, "key");
  EXPECT_EQ(request.input.text(), "hello");
  EXPECT_TRUE(effects.advance_epoch);
}

TEST_F(HostedTaskTest, AnExceptionLeavesNoTraceButItsText) {  // R15, R23
  const auto effects = Run(core::EnterEpoch{}, [](Turn& turn) {
    turn.FlagMeta("all", "a");
    turn.FinishJob();
    throw std::runtime_error("out of cheese");
  });

  EXPECT_TRUE(effects.ordered.empty());
  EXPECT_FALSE(effects.finish);
  EXPECT_EQ(effects.failure, "out of cheese");
}

TEST_F(HostedTaskTest, AHandlerMayAddAnotherThatComesBeforeIt) {
  for (int i = 1; i <= 2; ++i) {
    core::ServeRequest request;
    request.id = {1, 1, 0, static_cast<RequestNumber>(i)};
    request.method = "Number";
    request.input = Codec<int>::Encode(20);
    EXPECT_FALSE(Run(std::move(request), {}).failure);
  }
  EXPECT_EQ(Puppet::sum_, 42);
}

TEST_F(HostedTaskTest, WhatCanNeverBeRightIsRefusedInWords) {
  EXPECT_THAT(Failure([](Turn& t) { (void)t.Neighbors("parents"); }),
              HasSubstr("no link type 'parents'; the job has: all"));
  EXPECT_THAT(Failure([](Turn& t) { t.FlagMeta("children", ""); }),
              HasSubstr("no link type 'children'"));
  EXPECT_THAT(Failure([](Turn& t) { t.Request(3, kEcho, ""); }),
              HasSubstr("no task 3 to ask for Echo; the job has tasks 0..2"));
  EXPECT_THAT(
      Failure([](Turn& t) { (void)t.config("speed"); }),
      HasSubstr("no configuration key 'speed'; the job declares: rate"));
  EXPECT_THAT(Failure([](Turn& t) { t.FlagMeta("all", "longer than ten"); }),
              HasSubstr("limits.meta_bytes_max = 10"));
  EXPECT_THAT(Failure([](Turn& t) {
                t.FinishJob({256, ""});
              }),
              HasSubstr("it must be 0..125"));
  EXPECT_THAT(Failure([](Turn& t) { (void)t.request_id(); }),
              HasSubstr("for served methods"));
  EXPECT_THAT(
      Failure([](Turn& t) { t.Request(1, kEcho, "", std::string(2000, 'k')); }),
      HasSubstr("key"));
  EXPECT_THAT(Failure([](Turn& t) { t.Cancel(0); }),
              HasSubstr("no request 0 to cancel"));
  EXPECT_THAT(Failure([](Turn& t) { t.Cancel(t.Request(1, kEcho, "") + 1); }),
              AllOf(HasSubstr("no request 2 to cancel"),
                    HasSubstr("Turn::Request has returned")));
  const Method<Empty, Empty> untaken{"Untaken"};
  EXPECT_THAT(Failure([&](Turn& t) { t.Request(1, untaken, {}); }),
              HasSubstr("call OnData"));
}

TEST_F(HostedTaskTest, MetasOfAnEpochAreBounded) {  // R10
  const auto flag_three = [](Turn& turn) {
    for (const char* text : {"a", "b", "c"}) turn.FlagMeta("all", text);
  };
  EXPECT_THAT(Failure(flag_three), HasSubstr("metas_per_epoch_max = 2"));
}

TEST_F(HostedTaskTest, AnUnknownMethodIsToldToWhoAsked) {  // R13
  const RequestId id{1, 1, 0, 1};
  const auto effects =
      Run(core::ServeRequest{id, "Nonsense", {}}, [](Turn&) {});

  const auto& answer = std::get<core::GiveAnswer>(effects.ordered.at(0));
  EXPECT_EQ(answer.id, id);
  ASSERT_TRUE(answer.error);
  EXPECT_EQ(answer.error->code, ErrorCode::kUnknownMethod);
  EXPECT_THAT(answer.error->message, HasSubstr("it serves: Echo, Number"));
}

TEST_F(HostedTaskTest, AnInputOfTheWrongTypeIsToldToWhoAsked) {  // R13
  const auto effects = Run(
      core::ServeRequest{
          {1, 1, 0, 1}, "Number", Payload::Own(std::string("abc"))},
      [](Turn&) {});

  const auto& answer = std::get<core::GiveAnswer>(effects.ordered.at(0));
  ASSERT_TRUE(answer.error);
  EXPECT_EQ(answer.error->code, ErrorCode::kInvalidArgument);
}

TEST_F(HostedTaskTest, ATokenIsAnsweredOnceAndMayWait) {  // R14
  Run(core::ServeRequest{{1, 1, 0, 1}, "Echo", {}}, [](Turn&) {});
  const auto answer = [](Turn& turn) { turn.Answer(Puppet::token_, "late"); };

  const auto effects = Run(core::HearMeta{}, answer);
  EXPECT_EQ(std::get<core::GiveAnswer>(effects.ordered.at(0)).output.text(),
            "late");

  EXPECT_THAT(Run(core::HearMeta{}, answer).failure.value_or("none"),
              HasSubstr("was answered before"));
}

TEST_F(HostedTaskTest, ATokenOfAPastEpochDoesNothing) {  // R9
  Run(core::ServeRequest{{1, 1, 0, 1}, "Echo", {}}, [](Turn&) {});
  context_.epoch = 1;

  const auto effects = Run(core::EnterEpoch{}, [](Turn& turn) {
    turn.Answer(Puppet::token_, "too late");
  });

  EXPECT_TRUE(effects.ordered.empty());
  EXPECT_FALSE(effects.failure);
}

TEST_F(HostedTaskTest, AFailedRequestFailsTheTaskUnlessItListens) {  // R12
  const auto effects = Run(
      core::HearFailure{{1, 2, "Echo", {ErrorCode::kNotNeighbor, "no link"}}},
      [](Turn&) {});

  EXPECT_THAT(
      effects.failure.value_or("none"),
      HasSubstr("the request Echo to task 2 failed: not a neighbor: no link"));
}

// EnterEpoch does not begin to count anew in the epoch in which Init ran.
TEST_F(HostedTaskTest, WhatInitAskedForIsStillOpenInItsEpoch) {
  const auto ask = [](Turn& turn) { turn.Request(1, kEcho, "x"); };
  host_.emplace(around_);
  Run(core::InitTask{}, ask);
  Run(core::EnterEpoch{}, [](Turn&) {});
  Run(core::TakeData{1, 1, "Echo", Payload::Own(std::string("x"))},
      [](Turn&) {});
  EXPECT_EQ(Run(core::HearMeta{}, ask).failure.value_or("none"), "none");
}

TEST_F(HostedTaskTest, TheStopTokenFiresForTheRunningTurnOnly) {  // R9
  std::stop_token seen;
  Run(core::EnterEpoch{}, [&](Turn& turn) {
    seen = turn.stop_token();
    host_->Stop();
    EXPECT_TRUE(turn.stop_token().stop_requested());
  });
  EXPECT_TRUE(seen.stop_requested());

  Run(core::EnterEpoch{},
      [&](Turn& turn) { EXPECT_FALSE(turn.stop_token().stop_requested()); });
}

}  // namespace
}  // namespace taskgraph::runtime
