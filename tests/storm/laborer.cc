// SPDX-License-Identifier: Apache-2.0
//
// An application whose callbacks compute for seconds, of every kind that there
// is, for the storms' full load: nobody may take a task that works for one that
// is dead.
//
// Intuition: a gang that digs. In each epoch everybody digs, asks both
// neighbors to dig, and tells the foreman when they have; he digs as well
// before he ends the epoch. How long each dig is differs, from a tenth of
// `--config labor` (in millions of rounds) to all of it.
#include <cstdint>
#include <memory>
#include <string>

#include "taskgraph/taskgraph.h"

namespace {

using taskgraph::Codec;
using taskgraph::Empty;
using taskgraph::Epoch;
using taskgraph::Payload;
using taskgraph::TaskId;
using taskgraph::Token;
using taskgraph::Turn;

constexpr char kNeighbors[] = "neighbors";
constexpr char kForeman[] = "foreman";
constexpr TaskId kTasks = 4;
constexpr std::uint64_t kMillion = 1'000'000;

constexpr taskgraph::Method<Empty, std::uint64_t> kDig{"Dig"};

std::uint64_t Mixed(std::uint64_t value) {
  value ^= value << 13;
  value ^= value >> 7;
  return value ^ (value << 17);
}

enum Note : std::uint64_t { kBegun, kHelped, kAnswered, kReported, kNothing };

class Laborer final : public taskgraph::Task, public taskgraph::Backupable {
 public:
  explicit Laborer(const taskgraph::Config& config)
      : labor_(std::stoull(config.at("labor")) * kMillion),
        epochs_(std::stoull(config.at("epochs"))) {
    Serve(kDig, &Laborer::Help);
    OnData(kDig, &Laborer::Helped);
  }

  void Init(Turn& turn) override { Toil(turn, kNothing); }

  void EnterEpoch(Turn& turn) override {
    for (TaskId one : turn.Neighbors(kNeighbors)) {
      turn.Request(one, kDig, {});
    }
    Note(turn, kBegun);
  }

  void MetaReady(Turn& turn, TaskId, const taskgraph::LinkType&,
                 const std::string&) override {
    Note(turn, kReported);
    if (reports_ + 1 < turn.tasks()) return;
    if (turn.epoch() + 1 < epochs_) return turn.AdvanceEpoch();
    turn.FinishJob({0, "all is dug"});
  }

  // So a backup has its share of the work, and holds its primary up.
  void Update(const Payload& log) override {
    const std::uint64_t note = *Codec<std::uint64_t>::Decode(log);
    if (note == kBegun) answers_ = reports_ = 0;
    if (note == kAnswered) ++answers_;
    if (note == kReported) ++reports_;
    Dig(labor_ / 10);
  }
  Payload Snapshot() override {
    Dig(labor_ / 10);
    return Codec<std::uint64_t>::Encode(answers_ << 32 | reports_);
  }
  void Restore(const Payload& snapshot) override {
    const std::uint64_t both = *Codec<std::uint64_t>::Decode(snapshot);
    answers_ = both >> 32;
    reports_ = both & 0xffffffff;
  }

 private:
  void Help(Turn& turn, Token<std::uint64_t> token, const Empty&) {
    Note(turn, kHelped);
    turn.Answer(token, dug_);
  }

  void Helped(Turn& turn, TaskId, const std::uint64_t&) {
    Note(turn, kAnswered);
    if (answers_ + 1 == turn.Neighbors(kNeighbors).size()) {
      turn.FlagMeta(kForeman, "dug");
    }
  }

  void Note(Turn& turn, ::Note what) {
    Toil(turn, what);
    turn.Update(Codec<std::uint64_t>::Encode(what));
  }

  void Toil(const Turn& turn, ::Note what) {
    std::uint64_t lot = turn.epoch() * 977 + turn.task() * 31 + what + 1;
    for (int i = 0; i < 20; ++i) lot = Mixed(lot);
    Dig(labor_ / 10 + lot % (labor_ - labor_ / 10 + 1));
  }

  void Dig(std::uint64_t rounds) {
    for (; rounds > 0; --rounds) dug_ = Mixed(dug_);
  }

  const std::uint64_t labor_;
  const Epoch epochs_;
  std::uint64_t answers_ = 0;
  std::uint64_t reports_ = 0;
  std::uint64_t dug_ = 1;  // Of no meaning, but not to be optimized away.
};

}  // namespace

int main(int argc, char** argv) {
  taskgraph::Job job("laborer", kTasks);
  job.Link(kNeighbors, taskgraph::Topology([](TaskId task, Epoch) {
             return taskgraph::TaskList{(task + 1) % kTasks,
                                        (task + kTasks - 1) % kTasks};
           }));
  job.Link(kForeman, taskgraph::Topology(
                         [](TaskId, Epoch) { return taskgraph::TaskList{0}; }));
  job.Config("epochs", "5", "how often to dig");
  job.Config("labor", "500", "millions of rounds of the longest callback");
  job.Build([](TaskId, const taskgraph::Config& config) {
    return std::make_unique<Laborer>(config);
  });
  job.Backups(1);
  return taskgraph::Main(job, argc, argv);
}
