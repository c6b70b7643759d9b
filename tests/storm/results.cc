// SPDX-License-Identifier: Apache-2.0
#include "storm/results.h"

#include <algorithm>
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

// What one column of the table is about.
std::string ColumnOf(const Json& result) {
  std::string name = result.at("job").get<std::string>() + " " +
                     result.at("coordinator").get<std::string>();
  if (result.at("hosts") > 0) name += " hosts";
  return name;
}

struct Sum {
  int runs = 0;
  int failed = 0;
  double seconds = 0;
  std::map<std::string, int> harms;
};

std::string Padded(const std::string& text, int width) {
  char cell[64];
  std::snprintf(cell, sizeof cell, "%*s", width, text.c_str());
  return cell;
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
  std::map<std::string, Sum> sums;
  for (const Json& one : results) {
    Sum& sum = sums[ColumnOf(one)];
    ++sum.runs;
    sum.failed += one.at("outcome") == "ok" ? 0 : 1;
    sum.seconds += one.at("seconds").get<double>();
    for (const auto& [name, count] : one.at("harms").items()) {
      sum.harms[name] += count.get<int>();
    }
  }
  std::string text;
  for (const auto& [name, sum] : sums) {
    text += name + ": " + std::to_string(sum.runs) + " storms, " +
            std::to_string(sum.failed) + " failed, " +
            std::to_string(static_cast<int>(sum.seconds / 60)) + " minutes\n";
    for (const auto& [harm, count] : sum.harms) {
      text += Padded(std::to_string(count), 8) + "  " + harm + "\n";
    }
  }
  return text + Failures(results);
}

}  // namespace taskgraph::storm
