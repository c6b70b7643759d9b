// SPDX-License-Identifier: Apache-2.0
//
// A task with backups for the tests of the driver: it counts epochs, and breaks
// what `--config mode=...` says.
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

#include "taskgraph/taskgraph.h"

namespace {

using taskgraph::Codec;
using taskgraph::Payload;
using taskgraph::Turn;

// An epoch in which a cheat changes what it must not.
constexpr taskgraph::Epoch kCheatsIn = 7;

class Counter final : public taskgraph::Task, public taskgraph::Backupable {
 public:
  Counter(std::string mode, std::string notes)
      : mode_(std::move(mode)), notes_(std::move(notes)) {}

  void EnterEpoch(Turn& turn) override {
    if (turn.epoch() == kCheatsIn && mode_ == "cheat") elsewhere_ = 5;
    turn.Update(Codec<std::uint64_t>::Encode(1));
    const std::uint64_t last = std::stoull(turn.config("epochs"));
    if (mode_ == "honest" || mode_ == "cheat" ? turn.epoch() == last
                                              : Notes() >= 2) {
      const bool all = count_ == turn.epoch();
      turn.FinishJob({all ? 0 : 3, all ? "counted all" : "miscounted"});
    }
    turn.AdvanceEpoch();
  }

  void Update(const Payload& log) override {
    if (mode_ == "update" && is_backup_) {
      Note();
      throw std::runtime_error("no room for it");
    }
    count_ += *Codec<std::uint64_t>::Decode(log);
  }
  Payload Snapshot() override {
    if (mode_ == "snapshot") {
      Note();
      throw std::runtime_error("no snapshots today");
    }
    return Codec<std::string>::Encode(std::to_string(count_) + " " +
                                      std::to_string(elsewhere_));
  }
  void Restore(const Payload& snapshot) override {
    if (mode_ == "restore") {
      Note();
      throw std::runtime_error("of another version");
    }
    const std::string text = *Codec<std::string>::Decode(snapshot);
    count_ = std::stoull(text);
    elsewhere_ = std::stoull(text.substr(text.find(' ')));
  }
  void BecamePrimary() override { is_backup_ = false; }
  void BecameBackup() override { is_backup_ = true; }

 private:
  void Note() { std::ofstream(notes_, std::ios::app) << "broken\n"; }
  std::size_t Notes() const {
    std::ifstream notes(notes_);
    std::size_t count = 0;
    for (std::string line; std::getline(notes, line);) ++count;
    return count;
  }

  std::string mode_;
  std::string notes_;
  std::uint64_t count_ = 0;
  std::uint64_t elsewhere_ = 0;
  bool is_backup_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  taskgraph::Job job("standby-app", /*tasks=*/1);
  job.Build([](taskgraph::TaskId, const taskgraph::Config& config) {
    return std::make_unique<Counter>(config.at("mode"), config.at("notes"));
  });
  job.Config("mode", "honest", "what the task breaks");
  job.Config("epochs", "20", "how far it counts, if it breaks nothing");
  job.Config("notes", "", "file for a line whenever something broke");
  job.Backups(1);
  return taskgraph::Main(job, argc, argv);
}
