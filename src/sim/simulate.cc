// SPDX-License-Identifier: Apache-2.0
//
// simulate: runs seeds, and shows one of them line by line.
//
//   simulate --seed 17 --trace          what happened in seed 17
//   simulate --seed 17 --shrink         with how few faults it fails as well
//   simulate --seeds 1..1000            which of them break a rule
//   simulate --seeds 1..1000 --faults kill,stop
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "sim/run.h"
#include "sim/seeds_file.h"

namespace taskgraph::sim {
namespace {

struct Settings {
  Seed seed = 1;
  std::string seeds;
  std::string seeds_file;
  bool trace = false;
  std::uint32_t shrink = 0;
  bool check_hash = false;
  std::vector<std::string> faults;
};

std::optional<std::vector<FaultKind>> KindsNamed(
    const std::vector<std::string>& names) {
  const std::vector<FaultKind> all = AllFaultKinds();
  if (names.empty()) return all;
  std::vector<FaultKind> kinds;
  for (const std::string& name : names) {
    const auto found =
        std::find_if(all.begin(), all.end(),
                     [&](FaultKind kind) { return Name(kind) == name; });
    if (found == all.end()) {
      std::cerr << "there is no fault '" << name << "'; there are:";
      for (FaultKind kind : all) std::cerr << " " << Name(kind);
      std::cerr << "\n";
      return std::nullopt;
    }
    kinds.push_back(*found);
  }
  return kinds;
}

int Show(const Settings& settings, RunOptions options) {
  if (settings.trace) {
    options.trace = Trace::Level::kMessages;
    options.reader = [](Time when, Trace::Level, std::string_view text) {
      std::cout << "[" << Stamp(when) << "] " << text << "\n";
    };
  } else {
    options.trace = Trace::Level::kMessages;
  }
  RunReport report = RunSeed(settings.seed, options);
  if (settings.shrink > 0 && !report.ok()) {
    report = ShrinkRun(report, options, settings.shrink);
    std::cout << report.faults.size() << " faults are enough:\n";
    for (const Fault& fault : report.faults) {
      std::cout << "  " << Describe(fault) << "\n";
    }
  }
  std::cout << report.Describe() << "\n";
  std::printf(
      "%.3f virtual s, %llu checks, %llu incarnations lost, "
      "%llu frames lost, trace hash %016llx\n",
      std::chrono::duration<double>(report.lasted).count(),
      static_cast<unsigned long long>(report.checks),
      static_cast<unsigned long long>(report.losses),
      static_cast<unsigned long long>(report.frames_lost),
      static_cast<unsigned long long>(report.hash));
  return report.ok() ? 0 : 1;
}

// What many runs came to.
struct Tally {
  std::uint64_t seeds = 0;
  std::uint64_t checks = 0;
  std::uint64_t losses = 0;
  std::uint64_t promotions = 0;
  std::uint64_t joins = 0;
  std::uint64_t frames_lost = 0;
  std::map<FaultKind, std::uint64_t> faults;
  std::map<std::string, std::vector<Seed>> broken;  // By rule.

  void Add(const RunReport& report) {
    ++seeds;
    checks += report.checks;
    losses += report.losses;
    promotions += report.promotions;
    joins += report.joins;
    frames_lost += report.frames_lost;
    for (const Fault& fault : report.faults) ++faults[fault.kind];
    if (!report.ok()) broken[report.violation->rule].push_back(report.seed);
  }
  void Print() const {
    std::cout << seeds << " seeds, " << checks << " checks, " << losses
              << " incarnations lost, " << promotions << " promotions, "
              << joins << " joins, " << frames_lost << " frames lost\nfaults:";
    for (const auto& [kind, count] : faults) {
      std::cout << " " << Name(kind) << " " << count;
    }
    std::cout << "\n";
    for (const auto& [rule, its] : broken) {
      std::cout << rule << ": " << its.size() << " seeds, the first "
                << its.front() << "\n";
    }
  }
};

int RunMany(const Settings& settings, const RunOptions& options) {
  Seed first = 0;
  Seed last = 0;
  if (std::sscanf(settings.seeds.c_str(), "%lu..%lu", &first, &last) != 2) {
    std::cerr << "--seeds is '" << settings.seeds << "', it must be FROM..TO\n";
    return 2;
  }
  Tally tally;
  for (Seed seed = first; seed <= last; ++seed) {
    const RunReport report = RunSeed(seed, options);
    tally.Add(report);
    if (settings.check_hash && RunSeed(seed, options).hash != report.hash) {
      std::cout << "seed " << seed << " is not the same twice\n";
      tally.broken["hash"].push_back(seed);
    }
    if (report.ok()) continue;
    if (!settings.seeds_file.empty()) {
      SeedsFile(settings.seeds_file)
          .Add(seed, report.violation->rule + ": " + report.violation->what);
    }
    std::cout << "seed " << seed << " breaks " << report.violation->rule << ": "
              << report.violation->what << std::endl;
  }
  tally.Print();
  return tally.broken.empty() ? 0 : 1;
}

int Main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Runs a job on simulated nodes under faults, from a seed.");
  app.add_option("--seed", settings.seed, "The seed to run");
  app.add_option("--seeds", settings.seeds, "Many seeds: FROM..TO");
  app.add_option("--seeds-file", settings.seeds_file,
                 "Remember those of --seeds that fail in this file");
  app.add_flag("--trace", settings.trace, "Print each event of --seed");
  app.add_flag(
      "--shrink{200}", settings.shrink,
      "Look for fewer faults that break the same rule; in so many runs");
  app.add_flag("--check-hash", settings.check_hash,
               "Run each of --seeds twice, and compare");
  app.add_option("--faults", settings.faults,
                 "Only these kinds, separated by commas; 'help' lists them")
      ->delimiter(',');
  CLI11_PARSE(app, argc, argv);
  const auto kinds = KindsNamed(settings.faults);
  if (!kinds) return 2;
  RunOptions options;
  options.kinds = *kinds;
  return settings.seeds.empty() ? Show(settings, options)
                                : RunMany(settings, options);
}

}  // namespace
}  // namespace taskgraph::sim

int main(int argc, char** argv) { return taskgraph::sim::Main(argc, argv); }
