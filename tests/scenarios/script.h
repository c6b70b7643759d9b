// SPDX-License-Identifier: Apache-2.0
//
// Script: what the tasks of a scenario do, and when.
//
// Intuition: stage directions. "When task 1 hears ready, do throw": each rule
// waits for one cause, and is followed once in each incarnation.
//
// Not thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "taskgraph/job.h"
#include "taskgraph/task.h"

namespace scenarios {

// "when task=1 hears=ready do flag link=next text=go": the words without '=',
// and the values of those with it.
struct Line {
  std::vector<std::string> words;
  std::map<std::string, std::string> values;

  bool Has(const std::string& name) const { return values.contains(name); }
  // The value, or what it is if there is none.
  std::string Text(const std::string& name,
                   const std::string& otherwise = {}) const;
  std::uint64_t Number(const std::string& name,
                       std::uint64_t otherwise = 0) const;
  taskgraph::Duration Time(const std::string& name) const;  // "20ms", "3s".
};
Line Parse(const std::string& text);

struct Rule {
  taskgraph::TaskId task = 0;
  taskgraph::Incarnation life = 0;  // 0: any.
  std::string event;                // "enters", "hears", "serves", "takes", ...
  std::string about;                // Epoch, text of the meta, method, ...
  Line action;
};

class Script {
 public:
  // From "when task=T [life=L] EVENT=ABOUT do ACTION name=value...".
  void Add(const std::string& line);

  const std::vector<Rule>& rules() const { return rules_; }

  // The turn that runs takes this long.
  void Slow(taskgraph::TaskId task, taskgraph::Duration time) {
    slow_[task] = time;
  }
  // How long the turn of `task` that has just run takes; asked once.
  taskgraph::Duration TakeSlowness(taskgraph::TaskId task);

 private:
  std::vector<Rule> rules_;
  std::map<taskgraph::TaskId, taskgraph::Duration> slow_;
};

// A task that follows the script. Served requests are echoed, unless a rule
// says otherwise.
std::unique_ptr<taskgraph::Task> MakeActor(Script& script);

}  // namespace scenarios
