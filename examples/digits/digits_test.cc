// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>

#include "digits/trainer.h"

namespace digits {
namespace {

constexpr std::size_t kEpochs = 25;

std::string TextOf(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A folder of this test's own, gone with it.
class DigitsTest : public testing::Test {
 protected:
  DigitsTest() : folder_(testing::TempDir() + "/digits.XXXXXX") {
    if (mkdtemp(folder_.data()) == nullptr) std::abort();
  }
  ~DigitsTest() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const {
    return folder_ + "/" + name;
  }

  // What one process that never fails makes of it.
  std::string Sequential(TaskId tasks) const {
    WriteResult(path("sequential"),
                Train(ReadRows(DIGITS_DATA), tasks, kEpochs));
    return TextOf(path("sequential"));
  }

  // What the job makes of it, if it ends well.
  std::string Distributed(const taskgraph::Job& job) const {
    const auto status = taskgraph::RunInProcess(
        job, {{"epochs", std::to_string(kEpochs)}, {"result", path("tree")}});
    EXPECT_EQ(status.code, 0) << status.message;
    return TextOf(path("tree"));
  }

 private:
  std::string folder_;
};

// What can be compared.
template <typename Key>
std::map<Key, Vector> Plain(const std::map<Key, Array<double>>& arrays) {
  std::map<Key, Vector> plain;
  for (const auto& [key, array] : arrays) {
    plain[key] = {array.begin(), array.end()};
  }
  return plain;
}

void BuildTrainers(taskgraph::Job& job) {
  job.Build([](TaskId, const taskgraph::Config& config) {
    return std::make_unique<Trainer>(config);
  });
}

// A trainer that fails now and then: by its seed, its task, its incarnation,
// and how many turns it has had.
class Unlucky final : public Trainer {
 public:
  Unlucky(const taskgraph::Config& config, std::uint64_t seed, TaskId task)
      : Trainer(config), seed_(seed), task_(task) {}

  void EnterEpoch(Turn& turn) override {
    Trainer::EnterEpoch(turn);
    MaybeFail(turn);
  }
  void MetaReady(Turn& turn, TaskId from, const taskgraph::LinkType& link,
                 const std::string& meta) override {
    Trainer::MetaReady(turn, from, link, meta);
    MaybeFail(turn);
  }

 private:
  void MaybeFail(const Turn& turn) {
    std::seed_seq mixed{seed_, std::uint64_t{task_}, turn.incarnation(),
                        turns_++};
    if (std::mt19937(mixed)() % 100 < 3) throw std::runtime_error("bad luck");
  }

  std::uint64_t seed_;
  TaskId task_;
  std::uint64_t turns_ = 0;
};

// A trainer with two shadows: one takes its updates, as a backup does, the
// other begins with each snapshot, as a new backup does. Both must know what it
// knows.
class Shadowed final : public Trainer {
 public:
  explicit Shadowed(const taskgraph::Config& config)
      : Trainer(config), backup_(config), joiner_(config) {}

  void Update(const taskgraph::Payload& log) override {
    Trainer::Update(log);
    backup_.Update(log);
    joiner_.Restore(Snapshot());
    EXPECT_TRUE(backup_.Snapshot() == Snapshot());
    EXPECT_TRUE(joiner_.Snapshot() == Snapshot());
  }

 private:
  Trainer backup_;
  Trainer joiner_;
};

TEST_F(DigitsTest, TrainingRecognizesNineOfTenHeldOutImages) {
  const Rows rows = ReadRows(DIGITS_DATA);
  EXPECT_GT(Accuracy(Train(rows, 15, 300), HeldOut(rows)), 0.9);
}

TEST_F(DigitsTest, TheLossFallsInEveryStep) {
  const Vector model = Train(ReadRows(DIGITS_DATA), 15, 300);
  const Vector losses(model.begin() + kParameters, model.end());
  ASSERT_EQ(losses.size(), 300u);
  EXPECT_TRUE(std::is_sorted(losses.rbegin(), losses.rend()));
}

TEST_F(DigitsTest, ThePartsAreAllOfTheTrainingImages) {
  const Rows rows = ReadRows(DIGITS_DATA);
  std::size_t sum = 0;
  for (TaskId task = 0; task < 15; ++task) sum += PartOf(rows, task, 15).size();
  EXPECT_EQ(sum, kTrainingRows);
  EXPECT_EQ(HeldOut(rows).size(), 397u);
}

TEST_F(DigitsTest, ATreeOfTasksComputesWhatOneProcessDoesBitForBit) {
  for (TaskId tasks : {1, 2, 15}) {
    taskgraph::Job job = TrainingJob();
    job.SetTasks(tasks);
    BuildTrainers(job);
    EXPECT_EQ(Distributed(job), Sequential(tasks));
  }
}

TEST_F(DigitsTest, TasksThatFailChangeNotABit) {  // R5, R10, R12
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    taskgraph::Job job = TrainingJob();
    job.options().failure.max_failures = 1000;
    job.Build([seed](TaskId id, const taskgraph::Config& config) {
      return std::make_unique<Unlucky>(config, seed, id);
    });
    EXPECT_EQ(Distributed(job), Sequential(15)) << "seed " << seed;
  }
}

TEST_F(DigitsTest, UpdatesAndSnapshotsHaveAllThatATrainerKnows) {  // R17, R20
  taskgraph::Job job = TrainingJob();
  job.Build([](TaskId, const taskgraph::Config& config) {
    return std::make_unique<Shadowed>(config);
  });
  EXPECT_EQ(Distributed(job), Sequential(15));
}

TEST_F(DigitsTest, ASummaryHasAllThatAMemoryHas) {  // R20
  Memory memory;
  memory.Take({.what = What::kEpochBegan, .step = 0});
  memory.Take({.what = What::kModelWanted, .step = 1, .request = {2, 1, 0, 7}});
  memory.Take({.what = What::kGradientWanted, .request = {3, 2, 0, 8}});
  memory.Take({.what = What::kClueless, .from = 4});
  memory.Take({.what = What::kGradient, .from = 5, .values = {1, 2}});
  memory.Take({.what = What::kSum, .values = Vector(kParameters + 1, 3)});
  memory.Take({.what = What::kStep, .step = 0});
  memory.Take({.what = What::kConfirmed, .from = 6});
  memory.Take({.what = What::kEnded});

  Memory copy;
  const auto bytes = taskgraph::Codec<Notes>::Encode(memory.Summary());
  const Notes notes = taskgraph::Codec<Notes>::Decode(bytes).value();
  for (const Note& note : notes) copy.Take(note);

  EXPECT_EQ(copy.models.size(), 2u);
  EXPECT_EQ(Plain(copy.models), Plain(memory.models));
  EXPECT_EQ(copy.clueless, std::set<TaskId>{4});
  EXPECT_EQ(copy.confirmed, std::set<TaskId>{6});
  EXPECT_EQ(Plain(copy.gradients), Plain(memory.gradients));
  EXPECT_EQ(copy.gradients.size(), 1u);
  EXPECT_EQ(copy.sum.size(), kParameters + 1);
  EXPECT_TRUE(copy.ended);
  EXPECT_EQ(copy.wishes, memory.wishes);
  EXPECT_EQ(copy.wishes.size(), 2u);
}

TEST_F(DigitsTest, NotesThatAreCutShortAreNotTakenForNotes) {
  const Notes notes = {{.what = What::kConfirmed, .from = 2},
                       {.what = What::kSum, .values = {1, 2}}};
  const taskgraph::Payload whole = taskgraph::Codec<Notes>::Encode(notes);
  ASSERT_EQ(taskgraph::Codec<Notes>::Decode(whole).value().size(), 2u);
  for (std::size_t cut : {1u, 8u, 9u, 17u}) {
    const taskgraph::Payload part(whole.owner(), whole.data(),
                                  whole.size() - cut);
    EXPECT_FALSE(taskgraph::Codec<Notes>::Decode(part)) << cut;
  }
}

TEST_F(DigitsTest, DataThatIsNotThereEndsTheJobWithItsName) {
  taskgraph::Job job = TrainingJob();
  BuildTrainers(job);
  const auto status =
      taskgraph::RunInProcess(job, {{"data", "/does/not/exist"}});
  EXPECT_NE(status.code, 0);
  EXPECT_THAT(status.message, testing::HasSubstr("/does/not/exist"));
}

TEST_F(DigitsTest, AMistakeInTheConfigurationIsToldInOneLine) {
  taskgraph::Job job = TrainingJob();
  BuildTrainers(job);
  const auto status = taskgraph::RunInProcess(job, {{"epochs", "ten"}});
  EXPECT_EQ(status.message, "epochs is a number above 0, not 'ten'");
}

TEST_F(DigitsTest, AResultThatCannotBeWrittenLeavesTheOldOne) {
  const Vector model = Train(ReadRows(DIGITS_DATA), 15, 2);
  WriteResult(path("result"), model);
  const std::string before = TextOf(path("result"));

  // A limit on the size of files stands for a full disk.
  signal(SIGXFSZ, SIG_IGN);
  rlimit unlimited;
  getrlimit(RLIMIT_FSIZE, &unlimited);
  const rlimit tight{100, unlimited.rlim_max};
  setrlimit(RLIMIT_FSIZE, &tight);
  EXPECT_THROW(WriteResult(path("result"), model), std::runtime_error);
  setrlimit(RLIMIT_FSIZE, &unlimited);

  EXPECT_EQ(TextOf(path("result")), before);
  EXPECT_EQ(
      std::distance(std::filesystem::directory_iterator(
                        std::filesystem::path(path("result")).parent_path()),
                    std::filesystem::directory_iterator()),
      1);
}

}  // namespace
}  // namespace digits
