// SPDX-License-Identifier: Apache-2.0
#include "house_rules.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "modules.h"
#include "source_text.h"

namespace house {
namespace {

bool IsHeader(std::string_view path) { return path.ends_with(".h"); }
bool IsSource(std::string_view path) {
  return path.ends_with(".cc") || IsHeader(path);
}
bool IsTest(std::string_view path) {
  return path.ends_with("_test.cc") || path.starts_with("tests/");
}

// --- Sizes ---

constexpr std::size_t kHeaderLinesMax = 200;
constexpr std::size_t kSourceLinesMax = 400;
constexpr std::size_t kTestLinesMax = 600;  // A list, read one by one.
constexpr int kFunctionLinesMax = 70;

// --- Calls ---

// What must not be called, and why.
struct Ban {
  std::string_view word;
  std::string_view reason;
  bool also_in_tests;
};
constexpr Ban kBans[] = {
    {"sleep_for", "wait for an event instead", true},
    {"sleep_until", "wait for an event instead", true},
    {"usleep", "wait for an event instead", true},
    {"nanosleep", "wait for an event instead", true},
    {"sleep(", "wait for an event instead", true},
    {"system_clock", "it jumps; take time as an argument", true},
    {"time(", "it jumps; take time as an argument", true},
    {"gettimeofday", "it jumps; take time as an argument", true},
    {"steady_clock", "take time as an argument", false},
    {"high_resolution_clock", "take time as an argument", true},
    {"clock_gettime", "take time as an argument", false},
    {"rand(", "take a seeded generator as an argument", true},
    {"srand(", "take a seeded generator as an argument", true},
    {"random_device", "take a seed as an argument", true},
    {"default_random_engine", "it differs between libraries", true},
    {"std::thread", "threads live in the runtime and the adapters", false},
    {"jthread", "threads live in the runtime and the adapters", false},
    {"std::async", "threads live in the runtime and the adapters", true},
};

// The files that are there to do what is banned elsewhere.
struct Permit {
  std::string_view path_prefix;
  std::string_view word;  // Empty: all.
  std::string_view reason;
};
constexpr Permit kPermits[] = {
    {"bench/", "steady_clock", "measures"},
    {"bench/", "std::thread", "is its own load"},
    {"include/taskgraph/free_apart.", "std::thread", "takes its time"},
    {"src/coordination/etcd/", "std::thread", "waits for gRPC"},
    {"src/coordination/etcd/", "steady_clock", "times calls to etcd"},
    {"src/coordination/etcd/", "system_clock", "gRPC's deadlines are of it"},
    {"src/coordination/store_service.", "random_device", "names its store"},
    {"src/coordination/store_service.", "std::thread", "owns the store"},
    {"src/coordination/store_service.", "steady_clock", "expires leases"},
    {"src/job/command_line.", "std::thread", "counts the cores"},
    {"src/job/in_process.", "random_device", "makes names and tokens"},
    {"src/job/in_process.", "std::thread", "runs a controller beside a node"},
    {"src/job/side_thread.", "std::thread", "is such a thread"},
    {"src/runtime/clock.h", "steady_clock", "is the runtime's clock"},
    {"src/runtime/loop.", "std::thread", "is where a node's threads are"},
    {"src/threads/", "steady_clock", "waits until a moment"},
    {"src/transport/reactor_backend.h", "steady_clock", "has the timers"},
    {"src/transport/resolver.", "std::thread", "waits for names of hosts"},
    {"tests/faults/clock_shift.", "", "turns the wall clock"},
    {"tests/house/", "", "names the words that it looks for"},
};

bool IsPermitted(std::string_view path, std::string_view word) {
  return std::ranges::any_of(kPermits, [&](const Permit& permit) {
    return path.starts_with(permit.path_prefix) &&
           (permit.word.empty() || permit.word == word);
  });
}

// --- Includes ---

// What the core can't include, by how the name begins: it does no I/O and knows
// no thread. (It may know durations; clocks are banned by their calls.)
constexpr std::string_view kImpure[] = {
    "arpa/",      "atomic",    "condition_variable",
    "fstream",    "future",    "google/protobuf",
    "grpc",       "iostream",  "mutex",
    "netdb.h",    "netinet/",  "openssl/",
    "random",     "semaphore", "spdlog/",
    "stop_token", "sys/",      "thread",
    "unistd.h"};

struct IncludeCheck {
  const Tree& tree;
  Modules modules;
  std::vector<Violation> violations;

  // Where `include` of `path` leads; empty: out of the project.
  std::string Resolve(const std::string& path,
                      const std::string& include) const {
    const std::string folder = path.substr(0, path.find_last_of('/') + 1);
    for (const std::string& root :
         {folder, std::string("src/"), std::string("include/"),
          std::string("tests/"), std::string()}) {
      if (tree.contains(root + include)) return root + include;
    }
    return {};
  }

  bool MayKnow(const std::string& path, const std::string& target) const {
    if (target.starts_with("include/")) return true;
    if (!path.starts_with("src/")) {
      return !path.starts_with("examples/") || target.starts_with("examples/");
    }
    if (target.starts_with("tests/")) return IsTest(path);
    const std::set<std::string> targets = OwnersOf(modules, target);
    for (const std::string& owner : OwnersOf(modules, path)) {
      const Module& module = modules.at(owner);
      for (const std::string& known : targets) {
        if (known == owner || module.depends.contains(known)) return true;
        if (IsTest(path) && module.tests_depend.contains(known)) return true;
      }
    }
    return false;
  }

  void Check(const std::string& path, const std::string& text) {
    for (const Include& include : Includes(text)) {
      const std::string target = Resolve(path, include.path);
      if (!target.empty() && !MayKnow(path, target)) {
        violations.push_back({path, include.line,
                              "includes " + target +
                                  ", which its module does not name in "
                                  "DEPENDS; mind the direction"});
      }
      if (path.starts_with("src/core/") && !IsTest(path) && target.empty() &&
          IsImpure(include.path)) {
        violations.push_back(
            {path, include.line,
             "the core is pure, and can't include " + include.path});
      }
    }
  }

  static bool IsImpure(const std::string& include) {
    return std::ranges::any_of(kImpure, [&](std::string_view impure) {
      return include.starts_with(impure);
    });
  }
};

void Append(std::vector<Violation>& all, std::vector<Violation> more) {
  all.insert(all.end(), more.begin(), more.end());
}

}  // namespace

std::vector<Violation> CheckHeads(const Tree& tree) {
  std::vector<Violation> violations;
  for (const auto& [path, text] : tree) {
    const bool source = IsSource(path);
    const std::string spdx = source ? "// SPDX-License-Identifier: Apache-2.0"
                                    : "# SPDX-License-Identifier: Apache-2.0";
    if (!text.starts_with(spdx + "\n")) {
      violations.push_back({path, 1, "the first line must be: " + spdx});
    }
    if (IsHeader(path) && text.find("\n#pragma once\n") == text.npos) {
      violations.push_back({path, 1, "a header needs #pragma once"});
    }
    if (!source || path.starts_with("tests/house/")) continue;
    for (std::string_view word : {"TODO", "FIXME", "XXX", "HACK"}) {
      for (int line : LinesWith(text, word)) {
        violations.push_back(
            {path, line, std::string(word) + " left over: do it, or say why"});
      }
    }
  }
  return violations;
}

std::vector<Violation> CheckSizes(const Tree& tree) {
  std::vector<Violation> violations;
  for (const auto& [path, text] : tree) {
    if (!IsSource(path)) continue;
    const std::size_t max = IsTest(path)     ? kTestLinesMax
                            : IsHeader(path) ? kHeaderLinesMax
                                             : kSourceLinesMax;
    const std::size_t lines = Lines(text).size();
    if (lines > max) {
      violations.push_back({path, static_cast<int>(lines),
                            "longer than " + std::to_string(max) +
                                " lines: find the second idea in it"});
    }
    for (const Function& function : Functions(CodeOnly(text))) {
      const int size = function.last_line - function.first_line + 1;
      if (size <= kFunctionLinesMax) continue;
      violations.push_back({path, function.first_line,
                            "a function of " + std::to_string(size) +
                                " lines, above " +
                                std::to_string(kFunctionLinesMax)});
    }
  }
  return violations;
}

std::vector<Violation> CheckCalls(const Tree& tree) {
  std::vector<Violation> violations;
  for (const auto& [path, text] : tree) {
    if (!IsSource(path)) continue;
    const std::string code = CodeOnly(text);
    for (const Ban& ban : kBans) {
      if (IsTest(path) && !ban.also_in_tests) continue;
      if (IsPermitted(path, ban.word)) continue;
      for (int line : LinesWith(code, ban.word)) {
        violations.push_back(
            {path, line,
             std::string(ban.word) + ": " + std::string(ban.reason)});
      }
    }
  }
  return violations;
}

std::vector<Violation> CheckIncludes(const Tree& tree) {
  IncludeCheck check{tree, ModulesOf(tree), {}};
  for (const auto& [path, text] : tree) {
    if (!IsSource(path)) continue;
    if (path.starts_with("src/") && OwnersOf(check.modules, path).empty()) {
      check.violations.push_back({path, 1, "no module has this file"});
      continue;
    }
    check.Check(path, text);
  }
  return check.violations;
}

std::vector<Violation> CheckHouse(const Tree& tree) {
  std::vector<Violation> all = CheckHeads(tree);
  Append(all, CheckSizes(tree));
  Append(all, CheckCalls(tree));
  Append(all, CheckIncludes(tree));
  return all;
}

}  // namespace house
