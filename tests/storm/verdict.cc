// SPDX-License-Identifier: Apache-2.0
#include "storm/verdict.h"

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "storm/census.h"

namespace taskgraph::storm {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// Until `check` has nothing to say, or the time is over.
template <typename Check>
Complaints Patiently(int patience_ms, Check check) {
  const Deadline patience(patience_ms);
  while (true) {
    Complaints complaints = check();
    if (complaints.empty() || patience.IsOver()) return complaints;
    Pass(200);
  }
}

std::string Trimmed(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// Beginnings, for people: results may be long.
std::string Short(const std::string& text) {
  constexpr std::size_t kMost = 200;
  return text.size() <= kMost ? text : text.substr(0, kMost) + "...";
}

void ListStrangers(const fs::path& folder, const std::string& expected,
                   Complaints& complaints) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path() == expected) continue;
    complaints.push_back("left behind: " + entry.path().string());
  }
}

// The lines of `etcdctl lease list` that name a lease.
std::vector<std::string> LeasesIn(const std::string& listed) {
  std::vector<std::string> leases;
  std::istringstream lines(listed);
  for (std::string line; std::getline(lines, line);) {
    if (line.find_first_not_of("0123456789abcdef") == line.npos) {
      if (!line.empty()) leases.push_back(line);
    }
  }
  return leases;
}

// One file of events, read from its begin.
class History {
 public:
  explicit History(App app) : app_(app) {}

  void Take(const Json& event) {
    if (ended_) Complain("after the end", event);
    const std::string& what = event.at("event").get_ref<const std::string&>();
    if (what == "epoch") TakeEpoch(event);
    if (what == "assigned") TakeAssigned(event);
    if (what == "ended") ended_ = true;
  }
  const Complaints& complaints() const { return complaints_; }

 private:
  void TakeEpoch(const Json& event) {
    const std::uint64_t epoch = event.at("epoch");
    if (has_epoch_ && epoch != epoch_ + 1) Complain("not the next", event);
    epoch_ = epoch;
    has_epoch_ = true;
  }

  void TakeAssigned(const Json& event) {
    const int task = event.at("task");
    const std::uint64_t term = event.at("term");
    const std::uint64_t incarnation = event.at("incarnation");
    if (term <= terms_[task]) Complain("not a higher term", event);
    if (incarnation < incarnations_[task]) Complain("of the past", event);
    if (app_ == App::kLedger && incarnation > 1) {
      Complain("a book was lost that was not to be lost", event);
    }
    terms_[task] = term;
    incarnations_[task] = incarnation;
  }

  void Complain(const std::string& what, const Json& event) {
    complaints_.push_back("history, " + what + ": " + event.dump());
  }

  App app_;
  bool ended_ = false;
  bool has_epoch_ = false;
  std::uint64_t epoch_ = 0;
  std::map<int, std::uint64_t> terms_;
  std::map<int, std::uint64_t> incarnations_;
  Complaints complaints_;
};

}  // namespace

Complaints CheckResult(const Plan& plan, const Ground& ground,
                       const Reference& reference) {
  Complaints complaints;
  // Nodes and controllers do not print what the job says; see CheckKeys.
  const std::string output = ReadFile(ground.output());
  if (plan.setting.hosts == 0 && output != reference.output) {
    complaints.push_back("it says: '" + Short(output) + "', undisturbed: '" +
                         Short(reference.output) + "'");
  }
  if (plan.setting.app != App::kLedger &&
      ReadFile(ground.result()) != reference.result) {
    complaints.push_back(ground.result() + " is not what it is undisturbed");
  }
  return complaints;
}

Complaints CheckProcesses(const Ground& ground, int patience_ms) {
  return Patiently(patience_ms, [&] {
    Complaints complaints;
    for (const Inhabitant& one : Census(MarkOf(ground.job))) {
      complaints.push_back("still alive: " + one.role + " " + one.id +
                           ", pid " + std::to_string(one.pid));
    }
    return complaints;
  });
}

Complaints CheckFiles(const Ground& ground, App app) {
  Complaints complaints;
  ListStrangers(ground.runtime_folder(), "", complaints);
  const std::string result = app == App::kLedger ? "" : ground.result();
  ListStrangers(fs::path(ground.result()).parent_path(), result, complaints);
  return complaints;
}

Complaints CheckKeys(const Ground& ground, const Reference& reference,
                     const AskEtcd& ask, int patience_ms) {
  return Patiently(patience_ms, [&]() -> Complaints {
    const auto listed = ask({"get", "--prefix", ground.keys()});
    const auto leases = ask({"lease", "list"});
    if (listed.exit_code != 0 || leases.exit_code != 0) {
      return {"the coordinator does not answer: " + listed.output};
    }
    Complaints complaints;
    const Records records = ParseRecords(listed.output, ground.keys());
    for (const std::string& key : records.keys) {
      if (key != "status") complaints.push_back("left behind: key " + key);
    }
    if (!records.end || records.end->code != 0 ||
        records.end->message != Trimmed(reference.output)) {
      complaints.push_back(
          "the status is " +
          (records.end ? "'" + Short(records.end->message) + "'" : "away"));
    }
    if (LeasesIn(leases.output).size() > 1) {
      complaints.push_back("left behind: " + leases.output);
    }
    return complaints;
  });
}

Complaints CheckHistory(const std::string& events_file, App app) {
  History history(app);
  std::istringstream lines(ReadFile(events_file));
  for (std::string line; std::getline(lines, line);) {
    const Json event = Json::parse(line, nullptr, false);
    // Who wrote it may have been killed in the middle of a line.
    if (!event.is_discarded()) history.Take(event);
  }
  return history.complaints();
}

}  // namespace taskgraph::storm
