// SPDX-License-Identifier: Apache-2.0
//
// Jobs with a mistake, planted by hand: each must be caught, and made small.
#include "taskgraph/simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

#include "taskgraph/taskgraph.h"

namespace taskgraph {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Method<std::uint64_t, std::uint64_t> kAdd{"Add"};
constexpr Epoch kEpochs = 20;

// What is wrong with a job.
enum class Mistake {
  kNone,
  kStateWithoutBackups,  // It dies with its node.
  kForgottenUpdate,      // Backups do not have what the primary has.
  kEffectOutside,        // Done again by who begins again.
  kNeverEnds,
  kChance,  // Another run each time.
};

// In each epoch, every task adds one to task 0's sum, and task 0 ends the epoch
// when all have. In the end the sum must be tasks * epochs.
class Adder : public Task, public Backupable {
 public:
  Adder(Mistake mistake, std::uint64_t& outside)
      : mistake_(mistake), outside_(outside) {
    Serve(kAdd, &Adder::Add);
    OnData(kAdd, [this](Turn& turn, TaskId, std::uint64_t) {
      turn.FlagMeta("master", "done");
    });
  }

  std::uint64_t sum() const { return sum_; }

  void EnterEpoch(Turn& turn) override {
    turn.Update(kBegin);
    turn.Request(0, kAdd, turn.epoch());
  }

  void MetaReady(Turn& turn, TaskId, const LinkType&,
                 const std::string&) override {
    turn.Update(kDone);
    if (done_ + 1 < turn.tasks() || mistake_ == Mistake::kNeverEnds) return;
    if (turn.epoch() + 1 < kEpochs) return turn.AdvanceEpoch();
    turn.FinishJob({sum_ == turn.tasks() * kEpochs ? 0 : 1,
                    "the sum is " + std::to_string(sum_)});
  }

  void Update(const Payload& log) override {
    const auto what = *Codec<What>::Decode(log);
    if (what == kBegin) done_ = 0;
    if (what == kAdded) ++sum_;
    if (what == kDone) ++done_;
  }
  Payload Snapshot() override {
    return Codec<std::vector<std::uint64_t>>::Encode({sum_, done_});
  }
  void Restore(const Payload& snapshot) override {
    const auto all = *Codec<std::vector<std::uint64_t>>::Decode(snapshot);
    sum_ = all.at(0);
    done_ = all.at(1);
  }

 private:
  enum What : std::uint8_t { kBegin, kAdded, kDone };

  void Add(Turn& turn, Token<std::uint64_t> token, const std::uint64_t&) {
    if (mistake_ == Mistake::kForgottenUpdate) {
      ++sum_;
    } else {
      turn.Update(kAdded);
    }
    static std::uint64_t chance = 0;
    ++outside_;
    turn.Answer(token, mistake_ == Mistake::kChance ? ++chance : sum_);
  }

  const Mistake mistake_;
  std::uint64_t& outside_;
  std::uint64_t sum_ = 0;
  std::uint64_t done_ = 0;
};

class SimulationTest : public testing::Test {
 protected:
  SimulationTest() : folder_(testing::TempDir() + "/simulation.XXXXXX") {
    if (mkdtemp(folder_.data()) == nullptr) std::abort();
  }
  ~SimulationTest() override { std::filesystem::remove_all(folder_); }

  Job AddingJob(Mistake mistake, TaskId tasks = 4, std::uint32_t backups = 2) {
    outside_ = 0;
    Job job("adding", tasks);
    job.Link("master", ToMaster());
    job.Build([this, mistake](TaskId) {
      return std::make_unique<Adder>(mistake, outside_);
    });
    if (mistake == Mistake::kStateWithoutBackups) return job;
    return job.Backups(backups);
  }

  JobFactory Factory(Mistake mistake) {
    return [this, mistake](TaskId tasks) { return AddingJob(mistake, tasks); };
  }

  std::string path(const std::string& name) const {
    return folder_ + "/" + name;
  }

  std::uint64_t outside_ = 0;  // Additions, as a file would count them.

 private:
  std::string folder_;
};

// R5: only where all replicas were lost at once may the sum be, too.
std::string SumIsRightUnlessAllReplicasWereLost(const SimulatedJob& job) {
  return job.losses() > 0 ? "" : EndedWell(job);
}

SimulationOptions Usual() {
  SimulationOptions options;
  options.seeds = 60;
  options.at_end = SumIsRightUnlessAllReplicasWereLost;
  return options;
}

std::string UsageErrorOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no complaint";
}

// --- Jobs without a mistake ---

TEST_F(SimulationTest, ACorrectJobHoldsWhateverFails) {
  SimulationOptions options = Usual();
  options.check_determinism = 3;
  std::uint64_t losses = 0;
  std::uint64_t promotions = 0;
  options.at_end = [&](const SimulatedJob& job) {
    losses += job.losses();
    promotions += job.promotions();
    return SumIsRightUnlessAllReplicasWereLost(job);
  };

  const auto report = Simulate(AddingJob(Mistake::kNone), options);

  EXPECT_TRUE(report.ok()) << report.Describe();
  EXPECT_GE(report.runs, 140U);  // Each seed without faults, too; some again.
  EXPECT_GT(promotions, 20U);    // Faults come while a short job runs.
  for (FaultKind kind : AllFaultKinds()) {
    if (kind == FaultKind::kKillMany) continue;  // Told as single kills.
    EXPECT_TRUE(report.faults.contains(kind)) << Name(kind);
  }
  EXPECT_THAT(report.Describe(), HasSubstr("all is well after"));
}

TEST_F(SimulationTest, OnlyTheKindsThatAreNamedHappen) {
  SimulationOptions options = Usual();
  options.faults = {FaultKind::kStopNode, FaultKind::kThrow};
  const auto report = Simulate(AddingJob(Mistake::kNone), options);

  EXPECT_TRUE(report.ok()) << report.Describe();
  EXPECT_GT(report.faults.at(FaultKind::kStopNode), 0U);
  EXPECT_GT(report.faults.at(FaultKind::kThrow), 0U);
  EXPECT_EQ(report.faults.size(), 2U);
}

TEST_F(SimulationTest, AnInvariantSeesTheTasksObjects) {
  SimulationOptions options = Usual();
  std::uint64_t most = 0;
  options.always = [&](const SimulatedJob& job) {
    const auto* adder = job.Primary<Adder>(0);
    if (adder == nullptr || job.losses() > 0) return "";
    most = std::max(most, adder->sum());
    return most <= job.tasks() * kEpochs ? "" : "too much";
  };
  const auto report = Simulate(AddingJob(Mistake::kNone), options);

  EXPECT_TRUE(report.ok()) << report.Describe();
  EXPECT_EQ(most, 4 * kEpochs);
}

// --- Planted mistakes ---

TEST_F(SimulationTest, StateWithoutBackupsIsFoundLostByOneFault) {
  SimulationOptions options;  // At the end: code 0.
  const auto report =
      Simulate(Factory(Mistake::kStateWithoutBackups), 4, options);

  ASSERT_TRUE(report.shrunk) << report.Describe();
  EXPECT_EQ(report.failure->rule, "at_end");
  EXPECT_THAT(report.failure->what, HasSubstr("code 1: the sum is"));
  EXPECT_EQ(report.shrunk->plan.faults.size(), 1U);
  EXPECT_LE(report.shrunk->plan.tasks, 2U);
  EXPECT_LE(report.shrunk->plan.nodes, 2U);
  EXPECT_THAT(report.Describe(),
              AllOf(HasSubstr("A smaller run"), HasSubstr("with 1 fault, "),
                    HasSubstr("taskgraph::Replay(job, ")));
}

TEST_F(SimulationTest, AForgottenUpdateIsFoundByComparingBackups) {
  const auto report = Simulate(Factory(Mistake::kForgottenUpdate), 4, Usual());

  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.failure->what, HasSubstr("task 0"));
  EXPECT_THAT(report.failure->what, HasSubstr("byte 0 of the snapshot"));
  // It needs no fault.
  EXPECT_THAT(report.failure->plan.faults, IsEmpty());
  EXPECT_THAT(report.Describe(), HasSubstr("without any fault"));
}

TEST_F(SimulationTest, AForgottenUpdateIsFoundByATakeoverAsWell) {
  SimulationOptions options = Usual();
  options.check_backups = 0;
  const auto report = Simulate(Factory(Mistake::kForgottenUpdate), 4, options);

  ASSERT_TRUE(report.shrunk) << report.Describe();
  EXPECT_THAT(report.failure->what, HasSubstr("the sum is"));
  EXPECT_LE(report.shrunk->plan.faults.size(), 2U);
}

// R14, R15: a turn may run more often than it takes effect.
TEST_F(SimulationTest, AnEffectOutsideThatIsDoneTwiceIsFound) {
  SimulationOptions options = Usual();
  options.at_end = [this](const SimulatedJob& job) -> std::string {
    if (outside_ <= job.tasks() * kEpochs) return {};
    return "added " + std::to_string(outside_) + " times";
  };
  const auto report = Simulate(Factory(Mistake::kEffectOutside), 4, options);

  ASSERT_TRUE(report.shrunk) << report.Describe();
  EXPECT_EQ(report.shrunk->plan.faults.size(), 1U);
  EXPECT_LT(report.shrunk->plan.tasks, 4U);
}

TEST_F(SimulationTest, AJobThatNeverEndsIsToldWithItsEpoch) {
  const auto report = Simulate(Factory(Mistake::kNeverEnds), 4, Usual());

  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.failure->rule, "progress");
  EXPECT_THAT(report.failure->what,
              AllOf(HasSubstr("not ended within 10min"), HasSubstr("epoch 0"),
                    HasSubstr("FinishJob")));
  EXPECT_EQ(report.shrunk->plan.tasks, 1U);
}

TEST_F(SimulationTest, AJobThatIsNotDeterministicIsToldWithTheCallback) {
  const auto report = Simulate(Factory(Mistake::kChance), 4, Usual());

  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.failure->rule, "determinism");
  EXPECT_THAT(report.failure->what,
              AllOf(HasSubstr("two runs part after"),
                    HasSubstr("serving Add to task"), HasSubstr("no clock")));
}

// --- What users do wrong in their tests ---

TEST_F(SimulationTest, AnInvariantThatThrowsIsToldAsSuch) {
  SimulationOptions options = Usual();
  options.always = [](const SimulatedJob& job) -> std::string {
    if (job.epoch() > 2) throw std::runtime_error("oh");
    return {};
  };
  const auto report = Simulate(AddingJob(Mistake::kNone), options);

  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.failure->rule, "always");
  EXPECT_EQ(report.failure->what,
            "the invariant threw 'oh'; it should return what is wrong with "
            "the job");
}

TEST_F(SimulationTest, AScriptThatThrowsIsToldAsSuch) {
  SimulationOptions options = Usual();
  options.script = [] { return [](SimulatedJob& job) { job.NodeOf(17); }; };
  const auto report = Simulate(AddingJob(Mistake::kNone), options);

  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.failure->rule, "exception");
  EXPECT_THAT(report.failure->what, HasSubstr("there is no task 17"));
}

TEST_F(SimulationTest, WhatCannotBeRunIsRefusedInOneMessage) {
  const Job job = AddingJob(Mistake::kNone);
  const auto with = [&](auto change) {
    return UsageErrorOf([&] {
      SimulationOptions options;
      change(options);
      Simulate(job, options);
    });
  };
  EXPECT_THAT(with([](auto& options) { options.seeds = 0; }),
              HasSubstr("seeds is 0"));
  EXPECT_THAT(with([](auto& options) { options.nodes = 2; }),
              HasSubstr("2 backups, each on a node of its own; give 3"));
  EXPECT_THAT(with([](auto& options) { options.slots = 1; }),
              HasSubstr("5 in all, and the job needs 12"));
  EXPECT_THAT(with([](auto& options) {
                options.config = {{"x", "1"}};
              }),
              HasSubstr("no configuration key 'x'"));
  EXPECT_THAT(with([](auto& options) { options.ends_within = {}; }),
              HasSubstr("ends_within is 0s"));
  EXPECT_THAT(UsageErrorOf([&] { Simulate(Factory(Mistake::kNone), 0); }),
              HasSubstr("1 task or more, not 0"));
  EXPECT_THAT(UsageErrorOf([] { Simulate(Job("none", 0)); }),
              HasSubstr("tasks, not 0"));
  EXPECT_THAT(UsageErrorOf([] { Simulate(Job("empty", 1)); }),
              HasSubstr("call Job::Build"));
  EXPECT_THAT(
      UsageErrorOf([&] { Simulate([&](TaskId) { return Job(job); }, 7); }),
      HasSubstr("asked for a job of 7 tasks and made one of 4"));
  EXPECT_THAT(UsageErrorOf([&] {
                Replay(job, {.faults = {{.kind = FaultKind::kCutNodes,
                                         .whom = 1,
                                         .other = 5}}});
              }),
              HasSubstr("cut nodes 1 and 5 for 0.000000 s': there are nodes "
                        "0..4 only"));
}

// --- Seeds, plans and scripts ---

TEST_F(SimulationTest, ASeedThatFailedIsRememberedAndRunFirst) {
  SimulationOptions options;
  options.seeds_file = path("seeds.txt");
  const Job bad = AddingJob(Mistake::kStateWithoutBackups);
  const auto first = Simulate(bad, options);
  ASSERT_FALSE(first.ok());
  const std::uint64_t seed = first.failure->plan.seed;

  options.first_seed = seed + 1000;
  const auto second = Simulate(bad, options);

  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.failure->plan.seed, seed);
  std::ifstream file(options.seeds_file);
  std::string line;
  std::getline(file, line);
  EXPECT_THAT(line, AllOf(HasSubstr(std::to_string(seed) + "  # at_end"),
                          HasSubstr("the sum is")));
  EXPECT_FALSE(std::getline(file, line));
}

TEST_F(SimulationTest, AShrunkPlanFailsTheSameWayWhenItIsReplayed) {
  const JobFactory bad = Factory(Mistake::kStateWithoutBackups);
  const auto report = Simulate(bad, 4, {});
  ASSERT_TRUE(report.shrunk);

  const auto replayed = Replay(bad, report.shrunk->plan);

  ASSERT_FALSE(replayed.ok());
  EXPECT_EQ(replayed.failure->what, report.shrunk->what);
  EXPECT_EQ(replayed.failure->at, report.shrunk->at);
}

// R4, R18: a takeover in the middle of each epoch is noticed by nobody.
TEST_F(SimulationTest, AScriptKillsAtMomentsOfItsChoice) {
  SimulationOptions options;
  options.seeds = 5;
  options.faults.clear();
  options.check_determinism = 0;
  options.script = [] {
    return [next = Epoch{1}](SimulatedJob& job) mutable {
      const auto node = job.NodeOf(0);
      if (!node || job.epoch() < next || job.backups(0) < 2) return;
      job.Inject({.kind = FaultKind::kKillNode, .whom = *node});
      next = job.epoch() + 5;
    };
  };
  std::uint64_t promotions = 0;
  options.at_end = [&](const SimulatedJob& job) {
    promotions += job.promotions();
    return EndedWell(job);
  };
  const auto report = Simulate(AddingJob(Mistake::kNone), options);

  EXPECT_TRUE(report.ok()) << report.Describe();
  EXPECT_GE(promotions, 5U);
  EXPECT_EQ(report.faults.size(), 1U);
}

// What a script did is in the plan of its run.
TEST_F(SimulationTest, AScriptsFaultsAreShrunkAsWell) {
  SimulationOptions options;
  options.seeds = 1;
  options.faults.clear();
  options.script = [] {
    return [killed = false](SimulatedJob& job) mutable {
      if (std::exchange(killed, job.epoch() > 3) || !killed) return;
      for (std::uint32_t node : {0U, 1U, 2U}) {
        job.Inject({.kind = FaultKind::kKillNode, .whom = node});
      }
    };
  };
  const auto report =
      Simulate(AddingJob(Mistake::kStateWithoutBackups), options);

  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.failure->plan.faults.size(), 3U);
  ASSERT_TRUE(report.shrunk) << report.Describe();
  EXPECT_EQ(report.shrunk->plan.faults.size(), 1U);
}

}  // namespace
}  // namespace taskgraph
