// SPDX-License-Identifier: Apache-2.0
//
// Storms over real jobs, from the command line; scripts/storm calls it, and so
// do tests. `storm --help` tells how; README.md, beside this, what it does.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "storm/full_load.h"
#include "storm/host_network.h"
#include "storm/job_processes.h"
#include "storm/passing.h"
#include "storm/plan.h"
#include "storm/proxy.h"
#include "storm/results.h"
#include "storm/storm.h"

namespace {

using namespace taskgraph::storm;  // NOLINT(google-build-using-namespace)

struct Options {
  int minutes = 0;
  std::vector<Seed> seeds;
  std::string job, coordinator, security;
  int hosts = -1;
  bool is_short = false;
  bool report = false;
  bool plan = false;
  bool full_load = false;
  std::string folder = "build/storm";
  std::string apps = STORM_APPS;
  std::string laborer = STORM_LABORER;

  std::string results() const { return folder + "/results.jsonl"; }
};

Choices ChoicesOf(const Options& options, bool may_have_hosts) {
  Choices choices;
  choices.app = ChoiceOf<App>(kAppNames, options.job);
  choices.store = ChoiceOf<Store>(kStoreNames, options.coordinator);
  choices.security = ChoiceOf<Security>(kSecurityNames, options.security);
  if (options.hosts >= 0) choices.hosts = options.hosts;
  choices.may_have_hosts = may_have_hosts;
  return choices;
}

std::string ReplayOf(const Plan& plan, const Options& options) {
  return "scripts/storm --seed " + std::to_string(plan.seed) + " --job " +
         std::string(NameOf(plan.setting.app)) + " --coordinator " +
         std::string(NameOf(plan.setting.store)) + " --hosts " +
         std::to_string(plan.setting.hosts) + " --security " +
         std::string(NameOf(plan.setting.security)) +
         (options.is_short ? " --short" : "");
}

Plan PlanOf(Seed seed, const Options& options, bool may_have_hosts) {
  return DrawPlan(seed, DrawSetting(seed, ChoicesOf(options, may_have_hosts)),
                  options.is_short ? Length::kShort : Length::kLong);
}

// Says whether all was well.
bool RunOne(Seed seed, const Options& options, bool may_have_hosts) {
  const Plan plan = PlanOf(seed, options, may_have_hosts);
  const Outcome outcome = RunStorm(plan, options.apps, options.folder);
  const std::string line = ResultLine(plan, outcome);
  AppendResult(options.results(), line);
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
  if (outcome.complaints.empty()) return true;
  std::fprintf(stderr, "seed %llu failed; the storm was:\n%s",
               static_cast<unsigned long long>(seed),
               ReadFile(outcome.kept + "/timeline").c_str());
  for (const std::string& complaint : outcome.complaints) {
    std::fprintf(stderr, "wrong: %s\n", complaint.c_str());
  }
  std::fprintf(stderr, "logs: %s\nagain: %s\n", outcome.kept.c_str(),
               ReplayOf(plan, options).c_str());
  return false;
}

int LoadFully(const Options& options) {
  FullLoadOptions load;
  if (options.minutes > 0) load.seconds = options.minutes * 60;
  load.apps = options.apps;
  load.laborer = options.laborer;
  load.keep = options.folder;
  return RunFullLoad(load) ? 0 : 1;
}

int Run(const Options& options) {
  std::filesystem::create_directories(options.folder);
  const std::string why_not =
      options.hosts == 0 ? std::string() : HostNetwork::WhyNot();
  if (!why_not.empty()) {
    std::fprintf(stderr, "skipped: all harms to hosts and links: %s\n",
                 why_not.c_str());
  }
  bool well = true;
  for (const Seed seed : options.seeds) {
    well = RunOne(seed, options, why_not.empty()) && well;
  }
  const Deadline end(options.minutes * 60'000);
  while (!end.IsOver()) {
    const Seed seed = NextSeed(ReadFile(options.results()));
    well = RunOne(seed, options, why_not.empty()) && well;
  }
  return well ? 0 : 1;
}

void Describe(CLI::App& app, Options& options) {
  app.add_option("--minutes", options.minutes,
                 "Go on for so long, after the highest seed among the results");
  app.add_option("--seed", options.seeds, "These seeds");
  app.add_option("--job", options.job, "Default: by the seed")
      ->check(CLI::IsMember({"ledger", "digits", "regression"}));
  app.add_option("--coordinator", options.coordinator, "Default: by the seed")
      ->check(CLI::IsMember({"embedded", "etcd", "etcd3"}));
  app.add_option("--security", options.security,
                 "Certificates, and a user of etcd; default: by the seed")
      ->check(CLI::IsMember({"plain", "tls", "user"}));
  app.add_option("--hosts", options.hosts,
                 "So many hosts, with --coordinator etcd or etcd3; 0: all on "
                 "this machine; default: by the seed")
      ->check(CLI::Range(0, 20));
  app.add_flag("--short", options.is_short, "Storms of some seconds each");
  app.add_flag("--plan", options.plan,
               "Only tell what --seed would do, with times in ms");
  app.add_flag("--report", options.report, "Sum up the results so far");
  app.add_flag("--full-load", options.full_load,
               "No harm, but more work than the cores can do, for --minutes or "
               "15 s: nobody may be taken for dead");
  app.add_option("--folder", options.folder,
                 "For results.jsonl, and for what failed storms left");
  app.add_option("--apps", options.apps, "Where the examples are built");
  app.add_option("--laborer", options.laborer, "The program of --full-load");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 5 && std::string(argv[1]) == "proxy") {
    RunProxy(std::atoi(argv[2]), argv[3], std::strtoull(argv[4], nullptr, 10));
  }
  if (argc == 2 && std::string(argv[1]) == "compute") ComputeForever();
  Options options;
  CLI::App app("Storms over the example jobs: harms drawn from a seed.");
  Describe(app, options);
  CLI11_PARSE(app, argc, argv);
  try {
    if (options.hosts > 0 && options.coordinator == "embedded") {
      throw std::runtime_error(
          "an embedded coordinator reaches no further than this machine; for "
          "several hosts take --coordinator etcd or etcd3");
    }
    if (options.report) {
      std::printf("%s", Report(ReadFile(options.results())).c_str());
      return 0;
    }
    if (options.plan) {
      for (const Seed seed : options.seeds) {
        std::printf("%s", Describe(PlanOf(seed, options, true)).c_str());
      }
      return 0;
    }
    return options.full_load ? LoadFully(options) : Run(options);
  } catch (const Interrupted&) {
    return 130;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "storm: %s\n", error.what());
    return 1;
  }
}
