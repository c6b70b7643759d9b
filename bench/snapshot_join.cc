// SPDX-License-Identifier: Apache-2.0
//
// A new backup of a task with a large state: how long it takes to join, and
// what those feel meanwhile who ask the task. One asks it to change a little of
// its state, over and over, one request in flight; then the node of a backup is
// killed, and the one that replaces it gets a snapshot: from the primary where
// there is no other backup, else from the other backup.
//
//   snapshot_join [--quick]
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "job_events.h"
#include "measure.h"
#include "processes.h"
#include "taskgraph/taskgraph.h"

namespace {

using namespace taskgraph;
using namespace taskgraph::bench;

constexpr char kBench[] = "snapshot_join";
constexpr TaskId kStore = 0;
constexpr TaskId kAsker = 1;
constexpr std::int64_t kToBuildNs = 5'000'000'000;  // Each replica its state.

inline constexpr Method<Empty, std::uint64_t> kAdd{"Add"};

// A count, and so many bytes of which one changes with it.
class Store final : public Task, public Backupable {
 public:
  explicit Store(std::size_t bytes) : bytes_(bytes, 'x') {
    Serve(kAdd, [this](Turn& turn, Token<std::uint64_t> token, const Empty&) {
      turn.Update(count_ + 1);
      turn.Answer(token, count_ + 1);
    });
  }
  void Update(const Payload& log) override {
    count_ = *Codec<std::uint64_t>::Decode(log);
    bytes_[count_ % bytes_.size()] = static_cast<char>(count_);
  }
  Payload Snapshot() override {
    std::string all;
    all.reserve(bytes_.size() + sizeof count_);
    all += bytes_;
    all += Codec<std::uint64_t>::Encode(count_).text();
    return Payload::Own(std::move(all));
  }
  void Restore(const Payload& snapshot) override {
    const std::string_view all = snapshot.text();
    const std::string_view bytes = all.substr(0, bytes_.size());
    std::copy(bytes.begin(), bytes.end(), bytes_.begin());
    count_ = *Codec<std::uint64_t>::Decode(
        Payload::Own(std::string(all.substr(bytes_.size()))));
  }

 private:
  std::string bytes_;
  std::uint64_t count_ = 0;
};

class Asker final : public Task {
 public:
  Asker() {
    OnData(kAdd, [this](Turn& turn, TaskId, const std::uint64_t&) {
      Note();
      turn.Request(kStore, kAdd, Empty());
    });
  }
  void Init(Turn& turn) override { trips_.open(turn.config("trips")); }
  void EnterEpoch(Turn& turn) override {
    asked_ = NowNs();
    turn.Request(kStore, kAdd, Empty());
  }
  void Exit(ExitReason, const ExitStatus&) override { trips_.flush(); }

 private:
  void Note() {
    const std::int64_t now = NowNs();
    trips_ << asked_ << " " << now << "\n";
    asked_ = now;
  }

  std::ofstream trips_;
  std::int64_t asked_ = 0;
};

Job StoreJob() {
  Job job("store", 2);
  job.Link("all", FullMesh());
  job.Config("bytes", "1", "size of the state");
  job.Config("trips", "/dev/null",
             "where to write when each request was made, "
             "and answered");
  job.Build([](TaskId id, const Config& config) -> std::unique_ptr<Task> {
    if (id == kAsker) return std::make_unique<Asker>();
    return std::make_unique<Store>(std::stoull(config.at("bytes")));
  });
  job.Backups(kAsker, 0);
  return job;
}

// What the events told of the store so far.
struct Known {
  std::map<std::string, pid_t> pids;
  std::vector<std::string> backups;
};

// Until the store has `count` backups.
void Await(Events& events, Known& known, std::size_t count) {
  do {
    const Json event = events.Next();
    const std::string what = event.at("event");
    if (what == "ended") Fail("the job ended: " + event.dump());
    if (what == "node_joined") known.pids[event.at("node")] = event.at("pid");
    if (what == "backups" && event.at("task") == kStore) {
      event.at("nodes").get_to(known.backups);
    }
  } while (known.backups.size() != count);
}

// Those that overlap the time between the two.
std::vector<double> TripsMs(const std::string& path, std::int64_t from,
                            std::int64_t to) {
  std::ifstream file(path);
  std::vector<double> found;
  for (std::int64_t asked = 0, answered = 0; file >> asked >> answered;) {
    if (answered > from && asked < to) {
      found.push_back(static_cast<double>(answered - asked) / 1e6);
    }
  }
  return found;
}

void Measure(const std::string& by, std::size_t backups, int mebibytes,
             int trials) {
  std::vector<double> join_ms, quiet_ms, meanwhile_ms;
  for (int i = 0; i < trials; ++i) {
    const Folder folder;
    Events events(folder / "events");
    Program job = StartJob({"--nodes=" + std::to_string(2 + backups),
                            "--slots=1", "--backups=" + std::to_string(backups),
                            "--events=" + events.path(),
                            Setting("bytes", mebibytes * 1048576.0),
                            Setting("trips", folder / "trips")});
    Known known;
    Await(events, known, backups);
    events.PassTheTime(kToBuildNs);
    ::kill(known.pids.at(known.backups.back()), SIGKILL);
    Await(events, known, backups - 1);
    const std::int64_t alone = NowNs();
    Await(events, known, backups);
    const std::int64_t joined = NowNs();
    events.PassTheTime(joined - alone);  // As long again, for comparison.
    job.Signal(SIGTERM);
    job.Wait();
    join_ms.push_back(static_cast<double>(joined - alone) / 1e6);
    const auto add = [&](std::vector<double>& to, std::int64_t from,
                         std::int64_t until) {
      const auto trips = TripsMs(folder / "trips", from, until);
      to.insert(to.end(), trips.begin(), trips.end());
    };
    add(meanwhile_ms, alone, joined);
    add(quiet_ms, joined, joined + (joined - alone));
  }
  Figure(kBench, std::to_string(mebibytes) + " MiB, snapshot by " + by)
      .With("trials", trials)
      .TrialsMs("join", join_ms)
      .TrialsMs("quiet", quiet_ms)
      .TrialsMs("meanwhile", meanwhile_ms)
      .With("meanwhile_to_quiet_p99",
            Quantile(meanwhile_ms, 0.99) / Quantile(quiet_ms, 0.99))
      .Print();
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = PlayRole(StoreJob(), argc, argv)) return *code;
  const Plan plan = ReadPlan(argc, argv);
  const int mebibytes = plan.Count(1024, 16);
  const int trials = plan.Count(5, 1);
  Measure("the primary", 1, mebibytes, trials);
  Measure("a backup", 2, mebibytes, trials);
}
