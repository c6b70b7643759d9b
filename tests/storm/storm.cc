// SPDX-License-Identifier: Apache-2.0
#include "storm/storm.h"

#include <signal.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "storm/budget.h"
#include "storm/census.h"
#include "storm/harmer.h"
#include "storm/job_processes.h"
#include "storm/passing.h"
#include "storm/records.h"
#include "storm/site.h"
#include "storm/timeline.h"
#include "storm/verdict.h"

namespace taskgraph::storm {
namespace {

namespace fs = std::filesystem;

constexpr int kTickMs = 20;
constexpr int kLookEveryMs = 250;
constexpr std::uint64_t kEpochsOfCalm = 2;

volatile std::sig_atomic_t g_interrupted = 0;

class Storm {
 public:
  Storm(const Plan& plan, Site& site)
      : plan_(plan),
        site_(site),
        timeline_(site.ground().folder + "/timeline"),
        budget_(plan.setting.app),
        harmer_({.mark = MarkOf(site.ground().job),
                 .budget = &budget_,
                 .etcd = site.etcd(),
                 .network = site.network(),
                 .hosts = plan.setting.hosts,
                 .orders = site.orders(),
                 .papers = site.papers()},
                timeline_) {
    if (site_.etcd() != nullptr) site_.etcd()->Meanwhile([this] { SeeTo(); });
  }

  // Throws std::runtime_error if the job does not move on.
  Complaints Run();
  void Describe(Outcome& outcome) const;

 private:
  void Start();
  void Pass(int ms);
  void SeeTo();
  test::CommandOutcome Ask(const std::vector<std::string>& arguments) {
    return site_.Ask(arguments, [this] { SeeTo(); });
  }
  void Look();
  bool IsCalm() const;
  void AwaitCalm();
  void AwaitHealing();
  void Unleash(const Squall& squall);
  Complaints KillLauncher();
  Complaints Conclude(const Reference& reference);
  Complaints Histories() const;
  std::string Standing() const;

  const Plan& plan_;
  Site& site_;
  Timeline timeline_;
  Budget budget_;
  Harmer harmer_;
  std::unique_ptr<JobProcesses> job_;
  std::optional<int> code_;
  int begun_ = 0;  // Of the plan's harms.
  bool killed_launcher_ = false;
  Records records_;              // As last seen.
  std::uint64_t healed_at_ = 0;  // The epoch of the last healing.
  Deadline next_look_{0};
  Deadline patience_{kGuardMs};  // For progress.
};

Complaints Storm::Run() {
  const Reference reference = Undisturbed(plan_, site_.ground());
  Start();
  for (const Squall& squall : plan_.squalls) {
    AwaitCalm();
    if (code_) break;
    budget_.Renew(records_);
    Unleash(squall);
    AwaitHealing();
  }
  if (plan_.kills_launcher) {
    AwaitCalm();
    if (!code_) return KillLauncher();
  }
  while (!code_) Pass(kTickMs);
  return Conclude(reference);
}

void Storm::Start() {
  if (plan_.setting.hosts == 0) {
    job_ = std::make_unique<LaunchedJob>(plan_, site_.ground());
  } else {
    job_ = std::make_unique<SpreadJob>(plan_, site_.ground(), *site_.network());
  }
  patience_ = Deadline(kGuardMs);
}

void Storm::SeeTo() {
  job_->Tend();
  harmer_.HealDue();
  if (g_interrupted != 0) throw Interrupted();
}

// Lets time pass, and sees to what is due meanwhile.
void Storm::Pass(int ms) {
  const Deadline end(ms);
  do {
    storm::Pass(std::min(ms, kTickMs));
    SeeTo();
    if (!code_) code_ = job_->Ended();
    if (!harmer_.HasAllHealed()) patience_ = Deadline(kGuardMs);
    if (!code_ && patience_.IsOver()) {
      throw std::runtime_error("for a minute, with nothing wrong around it, " +
                               Standing());
    }
    if (next_look_.IsOver()) Look();
  } while (!end.IsOver() && !code_);
}

void Storm::Look() {
  const auto outcome = Ask({"get", "--prefix", site_.ground().keys()});
  next_look_ = Deadline(kLookEveryMs);
  if (outcome.exit_code != 0) return;  // Not there, or away.
  const std::uint64_t before = records_.epoch;
  const bool had_ended = records_.end.has_value();
  records_ = ParseRecords(outcome.output, site_.ground().keys());
  const bool ends = records_.end && !had_ended;
  if (records_.epoch > before || ends) patience_ = Deadline(kGuardMs);
}

std::string Storm::Standing() const {
  std::string text = "the job did not move on; epoch " +
                     std::to_string(records_.epoch) + ", " +
                     std::to_string(records_.nodes.size()) + " nodes, " +
                     (records_.has_controller ? "a" : "no") + " controller";
  for (const auto& [task, record] : records_.tasks) {
    if (record.primary.empty()) {
      text += ", nobody has task " + std::to_string(task);
    }
  }
  if (records_.end) text += ", its end is known";
  return text;
}

// All are there, all have what they should, and it goes on.
bool Storm::IsCalm() const {
  const Workload& work = plan_.workload;
  const int nodes = std::max(1, plan_.setting.hosts) * work.nodes + work.spares;
  if (records_.end || !records_.has_controller ||
      std::ssize(records_.nodes) != nodes ||
      records_.epoch < healed_at_ + kEpochsOfCalm) {
    return false;
  }
  for (const auto& [task, record] : records_.tasks) {
    if (!records_.nodes.contains(record.primary)) return false;
    int backups = 0;
    if (plan_.setting.app == App::kLedger) backups = work.backups;
    if (plan_.setting.app == App::kDigits && task == 0) backups = 1;
    if (std::ssize(record.backups) < backups) return false;
  }
  return true;
}

void Storm::AwaitCalm() {
  const Deadline patience(kGuardMs);
  while (!code_ && !IsCalm()) {
    if (patience.IsOver()) {
      throw std::runtime_error(
          "a minute after all was healed, the job is not whole: " + Standing());
    }
    Pass(kTickMs);
  }
  if (!code_) {
    timeline_.Note("calm, in epoch " + std::to_string(records_.epoch));
  }
}

void Storm::Unleash(const Squall& squall) {
  for (const Harm& harm : squall.harms) {
    Pass(harm.after_ms);
    Look();  // Whom it may hit depends on who has what now.
    budget_.Note(records_);
    if (code_) return;
    ++begun_;
    harmer_.Begin(harm);
  }
}

void Storm::AwaitHealing() {
  while (!harmer_.HasAllHealed()) {
    storm::Pass(kTickMs);
    SeeTo();
    if (next_look_.IsOver()) Look();
  }
  Look();
  healed_at_ = records_.epoch;
  patience_ = Deadline(kGuardMs);
}

// With it, its nodes end. What it leaves, the next one sweeps out; but its keys
// at an etcd stay (docs/status.md).
Complaints Storm::KillLauncher() {
  timeline_.Note("kill -9 of the launcher");
  killed_launcher_ = true;
  for (const Inhabitant& one : Census(MarkOf(site_.ground().job))) {
    if (one.role == "run") ::kill(one.pid, SIGKILL);
  }
  const Ground& ground = site_.ground();
  const App app = plan_.setting.app;
  Complaints all = CheckProcesses(ground);
  code_ = job_->Ended();
  const auto next = test::RunCommand(
      {ground.app, "run", "--quiet", "--nodes=1", "--config=epochs=1",
       app == App::kLedger ? "--backups=0"
                           : "--config=result=" + ground.result()},
      {}, {"XDG_RUNTIME_DIR=" + ground.runtime_folder()});
  if (next.exit_code != 0) all.push_back("the next job: " + next.output);
  for (const Complaints& some : {CheckFiles(ground, app), Histories()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

Complaints Storm::Conclude(const Reference& reference) {
  timeline_.Note("ended with code " + std::to_string(*code_));
  AwaitHealing();  // Or etcd may be away when it is asked for what is left.
  const Ground& ground = site_.ground();
  const App app = plan_.setting.app;
  Complaints all = job_->Complaints();
  if (*code_ != 0) all.push_back("exit code " + std::to_string(*code_));
  for (const Complaints& some :
       {CheckResult(plan_, ground, reference), CheckProcesses(ground),
        CheckFiles(ground, app), Histories()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  if (site_.etcd() != nullptr) {
    const auto ask = [this](const std::vector<std::string>& arguments) {
      return Ask(arguments);
    };
    for (auto& one : CheckKeys(ground, reference, ask)) all.push_back(one);
  }
  return all;
}

void Storm::Describe(Outcome& outcome) const {
  const Deeds& deeds = harmer_.deeds();
  outcome.harms = deeds.done;
  outcome.withheld = deeds.withheld;
  outcome.longest_ms = deeds.longest_ms;
  outcome.at_once = deeds.most_at_once;
  outcome.seconds = timeline_.seconds();
  outcome.missed = -begun_;
  for (const Squall& squall : plan_.squalls) {
    outcome.missed += static_cast<int>(squall.harms.size());
  }
  if (killed_launcher_) {
    outcome.harms[kKillLauncher] = 1;
  } else if (plan_.kills_launcher) {
    ++outcome.missed;
  }
}

Complaints Storm::Histories() const {
  Complaints all;
  for (const auto& entry : fs::directory_iterator(site_.ground().folder)) {
    if (!entry.path().filename().string().starts_with("events")) continue;
    for (auto& one : CheckHistory(entry.path(), plan_.setting.app)) {
      all.push_back(entry.path().filename().string() + ": " + one);
    }
  }
  return all;
}

// Of what failed nothing may go on, and nothing is thrown away.
void Keep(const Plan& plan, const Ground& ground, const std::string& keep,
          Outcome& outcome) {
  for (const Inhabitant& one : Census(MarkOf(ground.job))) {
    ::kill(one.pid, SIGKILL);
  }
  outcome.kept = keep + "/failed-" + std::to_string(plan.seed) + "-" +
                 std::string(NameOf(plan.setting.app)) + "-" +
                 std::string(NameOf(plan.setting.store)) + "-" +
                 std::to_string(plan.setting.hosts);
  fs::remove_all(outcome.kept);
  fs::create_directories(outcome.kept);
  std::error_code ignored;  // Sockets can't be copied.
  for (const auto& entry : fs::directory_iterator(ground.folder)) {
    fs::copy(entry.path(), fs::path(outcome.kept) / entry.path().filename(),
             fs::copy_options::recursive, ignored);
  }
}

}  // namespace

Outcome RunStorm(const Plan& plan, const std::string& apps,
                 const std::string& keep) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    ::signal(number, [](int) { g_interrupted = 1; });
  }
  Outcome outcome;
  Site site(plan, apps);
  {
    Storm storm(plan, site);
    try {
      outcome.complaints = storm.Run();
    } catch (const std::runtime_error& error) {
      outcome.complaints.emplace_back(error.what());
    }
    storm.Describe(outcome);
    if (!outcome.complaints.empty()) {
      Keep(plan, site.ground(), keep, outcome);
    }
  }
  return outcome;
}

}  // namespace taskgraph::storm
