// SPDX-License-Identifier: Apache-2.0
//
// Vigil: watches over a job to which nothing is done, by its events, and tells
// of each false alarm.
//
// Intuition: where nobody is harmed nobody may be missed. So what is welcome
// news in a storm (a backup took over, a lost node was replaced) is here a
// mistake: somebody was busy, and was taken for dead.
#pragma once

#include <cstdint>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace taskgraph::storm {

// What one event may tell. Pure.
class AlarmReader {
 public:
  // Of a job with so many node processes.
  explicit AlarmReader(int nodes) : nodes_(nodes) {}

  // The kind of false alarm that it tells of; empty: none.
  std::string Read(const nlohmann::json& event);
  std::uint64_t epoch() const { return epoch_; }

 private:
  std::string ReadBackups(const nlohmann::json& event);

  int nodes_;
  int started_ = 0;
  std::uint64_t epoch_ = 0;
  std::set<std::string> joined_;
  std::map<int, std::set<std::string>> backups_;  // By task.
};

struct FalseAlarm {
  std::string kind;
  std::string event;  // Its line.
};

class Vigil {
 public:
  Vigil(const std::string& events_file, int nodes)
      : path_(events_file), reader_(nodes) {}

  // What happened since it looked last.
  std::vector<FalseAlarm> Look();
  std::uint64_t epoch() const { return reader_.epoch(); }

 private:
  std::string path_;
  std::streamoff seen_ = 0;  // Bytes of the file, up to the end of a line.
  AlarmReader reader_;
};

}  // namespace taskgraph::storm
