// SPDX-License-Identifier: Apache-2.0
#include "storm/results.h"

#include <algorithm>
#include <cmath>
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
  return hosts == 0 ? name : name + ", " + std::to_string(hosts) + " hosts";
}

std::string StormTable(const std::vector<Json>& results) {
  struct Sum {
    int storms = 0;
    int failed = 0;
    int harms = 0;
    double seconds = 0;
  };
  std::map<std::string, Sum> sums;
  for (const Json& one : results) {
    Sum& sum = sums[SettingOf(one)];
    ++sum.storms;
    sum.failed += one.at("outcome") == "ok" ? 0 : 1;
    sum.seconds += one.at("seconds").get<double>();
    for (const Json& count : one.at("harms")) sum.harms += count.get<int>();
  }
  std::vector<std::vector<std::string>> rows = {
      {"job", "storms", "failed", "harms", "minutes"}};
  for (const auto& [name, sum] : sums) {
    rows.push_back({name, std::to_string(sum.storms),
                    std::to_string(sum.failed), std::to_string(sum.harms),
                    std::to_string(std::lround(sum.seconds / 60))});
  }
  return Table(rows);
}

std::string HarmTable(const std::vector<Json>& results) {
  std::map<std::string, std::map<std::string, int>> counts;  // By job.
  for (const Json& one : results) {
    for (const auto& [name, count] : one.at("harms").items()) {
      counts[name][one.at("job")] += count.get<int>();
    }
  }
  std::vector<std::vector<std::string>> rows = {{"harm"}};
  for (const auto& app : kAppNames) rows[0].emplace_back(app);
  for (auto& [name, by_job] : counts) {
    rows.push_back({name});
    for (const auto& app : kAppNames) {
      rows.back().push_back(std::to_string(by_job[std::string(app)]));
    }
  }
  return Table(rows);
}

std::string Failures(const std::vector<Json>& results) {
  std::string text;
  for (const Json& one : results) {
    if (one.at("outcome") == "ok") continue;
    text += "failed: " + one.dump() + "\n";
  }
  return text;
}

}  // namespace

std::string ResultLine(const Plan& plan, const Outcome& outcome) {
  Json line = {{"seed", plan.seed},
               {"job", NameOf(plan.setting.app)},
               {"coordinator", NameOf(plan.setting.store)},
               {"hosts", plan.setting.hosts},
               {"harms", outcome.harms},
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
