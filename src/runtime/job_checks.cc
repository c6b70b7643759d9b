// SPDX-License-Identifier: Apache-2.0
#include "runtime/job_checks.h"

#include <chrono>
#include <string>

#include "core/links.h"
#include "runtime/duration_text.h"

namespace taskgraph::runtime {
namespace {

using namespace std::chrono_literals;

struct TimeLimit {
  const char* option;  // Of FailureOptions.
  Duration value;
  Duration min;
};

void Check(const TimeLimit& limit) {
  constexpr Duration kLongest = 8760h;  // A year, as on the command line.
  if (limit.value >= limit.min && limit.value <= kLongest) return;
  throw UsageError("options().failure." + std::string(limit.option) + ": " +
                   FormatDuration(limit.value) + " is not a time from " +
                   FormatDuration(limit.min) + " to " +
                   FormatDuration(kLongest));
}

}  // namespace

void CheckDeclaration(const Job& job) {
  if (!job.mistake().empty()) throw UsageError(job.mistake());
  if (!job.builder()) {
    throw UsageError("the job '" + job.name() +
                     "' has no builder: call Job::Build");
  }
}

void CheckOptions(const JobOptions& options) {
  const FailureOptions& failure = options.failure;
  for (const TimeLimit& limit :
       {TimeLimit{"heartbeat_timeout", failure.heartbeat_timeout, 10ms},
        {"heartbeat_interval", failure.heartbeat_interval, 1ms},
        {"session_time", failure.session_time, 1s},
        {"turn_deadline", failure.turn_deadline, 0s},
        {"exit_grace", failure.exit_grace, 0s},
        {"status_retention", failure.status_retention, 1s},
        {"backoff_min", failure.backoff_min, 1ms},
        {"backoff_max", failure.backoff_max, failure.backoff_min}}) {
    Check(limit);
  }
  if (failure.session_time % 1s != Duration{}) {
    throw UsageError("options().failure.session_time: " +
                     FormatDuration(failure.session_time) +
                     " is not a whole number of seconds");
  }
  if (failure.heartbeat_timeout >= 2 * failure.heartbeat_interval) return;
  throw UsageError(
      "--heartbeat-timeout: " + FormatDuration(failure.heartbeat_timeout) +
      " must be at least twice the --heartbeat-interval of " +
      FormatDuration(failure.heartbeat_interval));
}

void CheckLinks(const Job& job) {
  const core::Links links(job.links(), job.tasks());
  for (TaskId task = 0; task < job.tasks(); ++task) {
    const auto neighbors = links.Neighbors(task, /*epoch=*/0);
    if (!neighbors) throw UsageError(neighbors.error().message);
  }
}

Config CompleteConfig(const Job& job, const Config& given) {
  Config config;
  std::string names;
  for (const ConfigKey& key : job.config_keys()) {
    config[key.name] = key.default_value;
    names += (names.empty() ? "" : ", ") + key.name;
  }
  for (const auto& [key, value] : given) {
    const auto found = config.find(key);
    if (found == config.end()) {
      throw UsageError("there is no configuration key '" + key +
                       "'; the job has: " + (names.empty() ? "none" : names));
    }
    found->second = value;
  }
  return config;
}

}  // namespace taskgraph::runtime
