// SPDX-License-Identifier: Apache-2.0
#include "storm/results.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace taskgraph::storm {
namespace {

using Json = nlohmann::ordered_json;

std::vector<Json> Parse(const std::string& lines) {
  std::vector<Json> all;
  std::istringstream stream(lines);
  for (std::string line; std::getline(stream, line);) {
    Json one = Json::parse(line, nullptr, false);
    if (!one.is_discarded()) all.push_back(std::move(one));
  }
  return all;
}

// Rows of cells, in columns that are as wide as they must be.
std::string Table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - row[i].size(), ' ');
      // Names stand at the left, numbers at the right.
      text += i == 0 ? row[i] + space : "  " + space + row[i];
    }
    text += '\n';
  }
  return text;
}

std::string SettingOf(const Json& result) {
  std::string name = result.at("job").get<std::string>() + ", " +
                     result.at("coordinator").get<std::string>();
  const int hosts = result.at("hosts");
  if (hosts > 0) name += ", " + std::to_string(hosts) + " hosts";
  const std::string security = result.value("security", "plain");
  return security == "plain" ? name : name + ", " + security;
}

struct Sum {
  int storms = 0;
  int failed = 0;
  int harms = 0;
  int missed = 0;
  double seconds = 0;

  void Add(const Json& result) {
    ++storms;
    failed += result.at("outcome") == "ok" ? 0 : 1;
    seconds += result.at("seconds").get<double>();
    missed += result.value("missed", 0);
    for (const Json& count : result.at("harms")) harms += count.get<int>();
  }
  std::vector<std::string> Row(const std::string& name) const {
    return {name,
            std::to_string(storms),
            std::to_string(failed),
            std::to_string(harms),
            std::to_string(std::lround(seconds / 60)),
            std::to_string(missed)};
  }
};

// Of one kind of harm.
struct KindSum {
  std::map<std::string, int> done;  // By job.
  int withheld = 0;
  int longest_ms = 0;

  std::vector<std::string> Row(const std::string& name) {
    std::vector<std::string> row = {name};
    for (const auto& app : kAppNames) {
      row.push_back(std::to_string(done[std::string(app)]));
    }
    row.push_back(std::to_string(withheld));
    char seconds[20];
    std::snprintf(seconds, sizeof seconds, "%.1f s", longest_ms / 1000.0);
    row.emplace_back(longest_ms > 0 ? seconds : "");
    return row;
  }
};

// Older lines have none.
Json Counts(const Json& result, const char* key) {
  return result.value(key, Json::object());
}

std::string StormTable(const std::vector<Json>& results) {
  std::map<std::string, Sum> sums;
  Sum all;
  for (const Json& one : results) {
    sums[SettingOf(one)].Add(one);
    all.Add(one);
  }
  std::vector<std::vector<std::string>> rows = {
      {"job", "storms", "failed", "harms", "minutes", "missed"}};
  for (const auto& [name, sum] : sums) rows.push_back(sum.Row(name));
  rows.push_back(all.Row("all"));
  return Table(rows);
}

// Of all kinds, also of those that never came.
std::string HarmTable(const std::vector<Json>& results) {
  std::map<std::string, KindSum> kinds;
  for (const HarmTraits& traits : kHarms) kinds[std::string(traits.name)] = {};
  kinds[kKillLauncher] = {};
  int at_once = 0;
  for (const Json& one : results) {
    for (const auto& [name, count] : one.at("harms").items()) {
      kinds[name].done[one.at("job")] += count.get<int>();
    }
    const Json withheld = Counts(one, "withheld");
    for (const auto& [name, count] : withheld.items()) {
      kinds[name].withheld += count.get<int>();
    }
    const Json longest_ms = Counts(one, "longest_ms");
    for (const auto& [name, ms] : longest_ms.items()) {
      int& longest = kinds[name].longest_ms;
      longest = std::max(longest, ms.get<int>());
    }
    at_once = std::max(at_once, one.value("at_once", 0));
  }
  std::vector<std::vector<std::string>> rows = {{"harm"}};
  for (const auto& app : kAppNames) rows[0].emplace_back(app);
  rows[0].insert(rows[0].end(), {"withheld", "longest"});
  for (auto& [name, sum] : kinds) rows.push_back(sum.Row(name));
  return Table(rows) + "At most " + std::to_string(at_once) +
         " of those that last came together.\n";
}

std::string Failures(const std::vector<Json>& results) {
  std::string text, seeds;
  for (const Json& one : results) {
    if (one.at("outcome") == "ok") continue;
    seeds += " " + one.at("seed").dump();
    text += "failed: " + one.dump() + "\n";
  }
  return "seeds that failed:" + (seeds.empty() ? " none" : seeds) + "\n" + text;
}

}  // namespace

std::string ResultLine(const Plan& plan, const Outcome& outcome) {
  Json line = {{"seed", plan.seed},
               {"job", NameOf(plan.setting.app)},
               {"coordinator", NameOf(plan.setting.store)},
               {"hosts", plan.setting.hosts},
               {"security", NameOf(plan.setting.security)},
               {"harms", outcome.harms},
               {"withheld", outcome.withheld},
               {"longest_ms", outcome.longest_ms},
               {"at_once", outcome.at_once},
               {"missed", outcome.missed},
               {"seconds", std::round(outcome.seconds * 10) / 10},
               {"outcome", outcome.complaints.empty() ? "ok" : "failed"}};
  if (!outcome.complaints.empty()) {
    line["complaints"] = outcome.complaints;
    line["kept"] = outcome.kept;
  }
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void AppendResult(const std::string& file, const std::string& line) {
  std::ofstream stream(file, std::ios::app);
  stream << line << std::endl;
  if (!stream) throw std::runtime_error("cannot write " + file);
}

Seed NextSeed(const std::string& lines) {
  Seed next = 1;
  for (const Json& one : Parse(lines)) {
    next = std::max(next, one.at("seed").get<Seed>() + 1);
  }
  return next;
}

std::string Report(const std::string& lines) {
  const std::vector<Json> results = Parse(lines);
  return StormTable(results) + "\n" + HarmTable(results) + "\n" +
         Failures(results);
}

}  // namespace taskgraph::storm
