// SPDX-License-Identifier: Apache-2.0
#include "storm/full_load.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "storm/etcd_cluster.h"
#include "storm/job_processes.h"
#include "storm/passing.h"
#include "storm/verdict.h"
#include "storm/vigil.h"
#include "support/program.h"

namespace taskgraph::storm {
namespace {

namespace fs = std::filesystem;

constexpr int kBusyPerCore = 2;
constexpr int kNodes = 4;
constexpr int kTickMs = 200;
constexpr int kMinuteMs = 60'000;
constexpr int kStoppedCode = 128 + SIGTERM;
// A job that enters no epoch for so long hangs; those of the laborers last.
constexpr int kStallMs = 10 * kMinuteMs;

volatile std::sig_atomic_t g_interrupted = 0;

// One job after the other, of the same kind.
struct Lane {
  std::string app;
  std::vector<std::string> config;
  bool on_etcd = false;
};

std::vector<Lane> Lanes(bool all) {
  const std::vector<std::string> long_ledger = {"--config=epochs=20000"};
  const std::vector<std::string> long_digits = {"--config=epochs=6000"};
  std::vector<Lane> lanes = {{"ledger", long_ledger, true},
                             {"digits", long_digits, false},
                             {"laborer", {"--config=labor=100"}, true}};
  if (all) {
    lanes.back().config.clear();
    lanes.push_back({"ledger", long_ledger, false});
    lanes.push_back({"digits", long_digits, true});
    lanes.push_back({"laborer", {}, false});
  }
  return lanes;
}

struct RunningJob {
  const Lane* lane;
  std::string name;
  std::string folder;
  std::unique_ptr<test::Program> launcher;
  Vigil vigil;
  std::uint64_t epoch = 0;  // As last seen.
  Deadline stalls{kStallMs};
  bool is_suspect = false;  // There was an alarm: its logs are kept.
};

class FullLoad {
 public:
  explicit FullLoad(const FullLoadOptions& options)
      : options_(options), lanes_(Lanes(options.seconds > kMinuteMs / 1000)) {
    fs::create_directory(folder_ / "run");
    etcd_.emplace(folder_.path().string(), std::vector<EtcdSeat>(1),
                  EtcdAddress());
    const long cores = ::sysconf(_SC_NPROCESSORS_ONLN);
    for (long i = 0; i < cores * kBusyPerCore; ++i) {
      busy_.emplace_back(std::vector<std::string>{test::Self(), "compute"});
    }
  }

  bool Run() {
    for (const Lane& lane : lanes_) jobs_.push_back(Start(lane));
    const Deadline end(options_.seconds * 1000);
    Deadline next_minute(kMinuteMs);
    while (!g_interrupted && !(end.IsOver() && AllMoved()) && !hangs_) {
      const Clock::time_point before = Clock::now();
      Pass(kTickMs);
      longest_tick_ = std::max(longest_tick_, Clock::now() - before);
      for (RunningJob& job : jobs_) See(job);
      if (!next_minute.IsOver()) continue;
      Tell("minute " + std::to_string(++minutes_));
      next_minute = Deadline(kMinuteMs);
      longest_tick_ = {};
    }
    Stop();
    Tell("in all");
    return alarms_.empty();
  }

 private:
  RunningJob Start(const Lane& lane) {
    const std::string name = lane.app + "-" + std::to_string(++begun_);
    const std::string folder = folder_ / name;
    fs::create_directory(folder);
    const std::string app =
        lane.app == "laborer" ? options_.laborer
                              : options_.apps + "/" + lane.app + "/" + lane.app;
    std::vector<std::string> line = {app,
                                     "run",
                                     "--quiet",
                                     "--log-level=info",
                                     "--name=" + name,
                                     "--nodes=" + std::to_string(kNodes),
                                     "--backups=1",
                                     "--events=" + folder + "/events"};
    line.insert(line.end(), lane.config.begin(), lane.config.end());
    if (lane.on_etcd) line.push_back("--coordinator=" + etcd_->endpoints());
    auto launcher = std::make_unique<test::Program>(
        line, test::Surroundings{
                  .output = folder + "/output",
                  .errors = folder + "/errors",
                  .environment = {"XDG_RUNTIME_DIR=" + (folder_ / "run")}});
    return {&lane, name, folder, std::move(launcher),
            Vigil(folder + "/events", kNodes)};
  }

  // Looks after it, and begins another one if it has ended.
  void See(RunningJob& job) {
    const bool ended = job.launcher->HasEnded();
    Watch(job);
    if (ended) {
      Conclude(job, 0);
      job = Start(*job.lane);
    } else if (job.stalls.IsOver()) {
      Alarm(job, {"job that hangs", "epoch " + std::to_string(job.epoch)});
      hangs_ = true;
    }
  }

  void Watch(RunningJob& job) {
    for (const FalseAlarm& alarm : job.vigil.Look()) Alarm(job, alarm);
    if (job.vigil.epoch() == job.epoch) return;
    epochs_ += job.vigil.epoch() - job.epoch;
    moved_.insert(job.lane);
    job.epoch = job.vigil.epoch();
    job.stalls = Deadline(kStallMs);
  }

  void Conclude(RunningJob& job, int expected) {
    const int code = job.launcher->Wait();
    if (code == 0) ++ended_well_;
    // It may have ended by itself before it was told to.
    if (code != 0 && code != expected) {
      Alarm(job, {"job that failed", "code " + std::to_string(code)});
    }
    const App app = job.lane->app == "ledger" ? App::kLedger : App::kDigits;
    for (const auto& wrong : CheckHistory(job.folder + "/events", app)) {
      Alarm(job, {"history", wrong});
    }
    if (job.is_suspect) Keep(job);
    fs::remove_all(job.folder);
  }

  void Stop() {
    for (RunningJob& job : jobs_) Watch(job);
    for (RunningJob& job : jobs_) job.launcher->Signal(SIGTERM);
    for (RunningJob& job : jobs_) {
      const Deadline patience(kStallMs);
      while (!job.launcher->HasEnded() && !patience.IsOver()) Pass(kTickMs);
      if (!job.launcher->HasEnded()) {
        Alarm(job, {"job that does not end", ""});
        job.launcher->Signal(SIGKILL);
      }
      Conclude(job, kStoppedCode);
    }
  }

  void Alarm(RunningJob& job, const FalseAlarm& alarm) {
    job.is_suspect = true;
    ++alarms_[alarm.kind];
    std::printf("false alarm in %s: %s: %s\n", job.name.c_str(),
                alarm.kind.c_str(), alarm.event.c_str());
    std::fflush(stdout);
  }

  void Keep(const RunningJob& job) const {
    const fs::path kept = fs::path(options_.keep) / ("full-load-" + job.name);
    fs::remove_all(kept);
    fs::create_directories(kept);
    std::error_code ignored;  // Sockets can't be copied.
    fs::copy(job.folder, kept, fs::copy_options::recursive, ignored);
    std::printf("logs of %s: %s\n", job.name.c_str(), kept.c_str());
  }

  bool AllMoved() const { return moved_.size() == lanes_.size(); }

  void Tell(const std::string& when) const {
    std::string alarms;
    for (const auto& [kind, count] : alarms_) {
      alarms += ", " + kind + ": " + std::to_string(count);
    }
    std::string load = ReadFile("/proc/loadavg");
    load = load.substr(0, load.find(' '));
    // How long a process like any other waited for a core tells whether there
    // was more in the way than what we made.
    const auto waited =
        std::chrono::duration_cast<std::chrono::milliseconds>(longest_tick_)
            .count() -
        kTickMs;
    std::printf(
        "%s: %d jobs begun, %d ended well, %llu epochs, load %s, "
        "at most %lld ms without a core%s\n",
        when.c_str(), begun_, ended_well_,
        static_cast<unsigned long long>(epochs_), load.c_str(),
        static_cast<long long>(std::max<std::int64_t>(0, waited)),
        alarms.empty() ? ", no false alarm" : alarms.c_str());
    std::fflush(stdout);
  }

  const FullLoadOptions& options_;
  const std::vector<Lane> lanes_;
  test::Folder folder_{"full-load"};
  std::optional<EtcdCluster> etcd_;
  std::vector<test::Program> busy_;
  std::vector<RunningJob> jobs_;

  int minutes_ = 0;
  int begun_ = 0;
  int ended_well_ = 0;
  std::uint64_t epochs_ = 0;
  std::set<const Lane*> moved_;
  bool hangs_ = false;
  Clock::duration longest_tick_{};  // In this minute, of our own.
  std::map<std::string, int> alarms_;
};

}  // namespace

bool RunFullLoad(const FullLoadOptions& options) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    ::signal(number, [](int) { g_interrupted = 1; });
  }
  return FullLoad(options).Run();
}

void ComputeForever() {
  for (volatile std::uint64_t sum = 0;;) sum = sum + 1;
}

}  // namespace taskgraph::storm
